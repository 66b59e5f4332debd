/** Server-side sorting, RFC 2891. */
import {
  type Control,
  decodePagedResults,
  decodeSortResult,
  findControl,
  Oid,
  pagedResultsControl,
  parseFilter,
  ResultCode,
  type SortKey,
  serverSideSortControl,
} from "@espalier/ldap";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newPopulation } from "../support/sample-directory.ts";
import { type SearchAnswer, type ServedSnapshot, serveSnapshot } from "../support/served-snapshot.ts";
import { UserTables } from "../support/user-tables.ts";

const request = { baseObject: "dc=example,dc=com", filter: parseFilter("(uid=*)") };
const key = (attribute: string, changes: Partial<SortKey> = {}): SortKey => ({
  attribute,
  orderingRule: undefined,
  reverseOrder: false,
  ...changes,
});
const sortResult = (answer: SearchAnswer) =>
  decodeSortResult(findControl(answer.controls, Oid.serverSideSortResponse)!).resultCode;

describe("a sorted search", () => {
  let served: ServedSnapshot;
  beforeAll(async () => {
    using tables = new UserTables();
    const people = [
      ["ann", 9, "Smith", "Ann"],
      ["bob", 10, "smith", null],
      ["cid", 100, "Adams", "Zoë"],
      ["dan", 1000, "adams", "ann"],
      ["eve", 2, "ÄHREN", null],
    ] as const;
    for (const [i, [username, uid_number, last_name, first_name]] of people.entries()) {
      tables.putUser(i, { username, uid_number, gid_number: 5, last_name, first_name, mail: `${username}@x` });
    }
    tables.putUser(10, { username: "fay", uid_number: 3, gid_number: 5, last_name: "Z", mail: '["z@x","a@x"]' });
    const population = newPopulation();
    const source = tables.open();
    await population.pass(source);
    await source.close();
    served = await serveSnapshot(population.snapshot);
  });
  afterAll(() => served[Symbol.asyncDispose]());

  const sorted = async (keys: readonly SortKey[], controls: readonly Control[] = []) => {
    const answer = await served.search(request, [serverSideSortControl(keys, true), ...controls]);
    expect(answer.resultCode).toBe(ResultCode.success);
    expect(sortResult(answer)).toBe(ResultCode.success);
    return answer.entries.map((entry) => entry.text("uid")).join(" ");
  };

  it.each([
    ["numbers by size", [key("uidNumber")], "eve fay ann bob cid dan"],
    ["numbers by size, the greatest first", [key("uidNumber", { reverseOrder: true })], "dan cid bob ann fay eve"],
    ["names without letter case, equal ones by DN", [key("sn")], "cid dan ann bob fay eve"],
    [
      "by a second key where the first is equal",
      [key("sn"), key("uidNumber", { reverseOrder: true })],
      "dan cid bob ann fay eve",
    ],
    ["entries without the attribute last", [key("givenName"), key("uid")], "ann dan cid bob eve fay"],
    [
      "entries without the attribute first in reverse",
      [key("givenName", { reverseOrder: true }), key("uid")],
      "bob eve fay cid ann dan",
    ],
    ["by the least of several values", [key("mail")], "fay ann bob cid dan eve"],
    [
      "by a rule that the client names",
      [key("sn", { orderingRule: "caseExactOrderingMatch" })],
      "cid ann fay dan bob eve",
    ],
    ["by a supertype", [key("2.5.4.4")], "cid dan ann bob fay eve"],
  ])("puts %s", async (_, keys, order) => {
    expect(await sorted(keys)).toBe(order);
  });

  it("goes on in the same order from page to page", async () => {
    for (const keys of [[key("givenName")], [key("sn", { reverseOrder: true }), key("uidNumber")], [key("mail")]]) {
      const whole = await sorted(keys);
      const pages: string[] = [];
      let cookie = new Uint8Array();
      do {
        const controls = [serverSideSortControl(keys, true), pagedResultsControl({ size: 2, cookie }, true)];
        const answer = await served.search(request, controls);
        pages.push(...answer.entries.map((entry) => entry.text("uid")!));
        cookie = new Uint8Array(decodePagedResults(findControl(answer.controls, Oid.pagedResults)!).cookie);
      } while (cookie.length > 0);
      expect(pages.join(" ")).toBe(whole);
    }
  });

  it.each([
    ["an attribute that no schema has", key("frobnicate"), ResultCode.noSuchAttribute],
    ["a rule that is none", key("sn", { orderingRule: "1.2.3" }), ResultCode.inappropriateMatching],
    ["a rule that orders nothing", key("sn", { orderingRule: "caseIgnoreMatch" }), ResultCode.inappropriateMatching],
  ])("by %s gives no entry when it is critical, and all of them unsorted when it is not", async (_, sortKey, code) => {
    const critical = await served.search(request, [serverSideSortControl([sortKey], true)]);
    expect([critical.resultCode, critical.entries.length, sortResult(critical)]).toEqual([
      ResultCode.unavailableCriticalExtension,
      0,
      code,
    ]);
    const wanted = await served.search(request, [serverSideSortControl([sortKey], false)]);
    expect([wanted.resultCode, wanted.entries.length, sortResult(wanted)]).toEqual([ResultCode.success, 6, code]);
  });
});

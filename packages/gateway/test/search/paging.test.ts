/** Paged results, RFC 2696, with a cookie that is a position: valid after a refresh, and at another gateway. */
import {
  type Control,
  decodePagedResults,
  findControl,
  Oid,
  pagedResultsControl,
  parseFilter,
  ResultCode,
  type SearchRequest,
  serverSideSortControl,
} from "@espalier/ldap";
import { describe, expect, it } from "vitest";
import { newPopulation, sampleSnapshot } from "../support/sample-directory.ts";
import { type SearchAnswer, type ServedSnapshot, serveSnapshot } from "../support/served-snapshot.ts";
import { tableQueries, UserTables } from "../support/user-tables.ts";

const base = "dc=example,dc=com";
const everything: Partial<SearchRequest> & { baseObject: string } = { baseObject: base, attributes: ["1.1"] };
const noCookie: Uint8Array = new Uint8Array();

const page = (size: number, cookie: Uint8Array = noCookie) => pagedResultsControl({ size, cookie }, true);
const namesOf = ({ entries }: SearchAnswer) => entries.map((entry) => entry.objectName);

function cookieOf(answer: SearchAnswer): Uint8Array {
  return decodePagedResults(findControl(answer.controls, Oid.pagedResults)!).cookie;
}

/** All pages, at one server after the other. */
async function walk(
  servers: readonly ServedSnapshot[],
  request: Partial<SearchRequest> & { baseObject: string },
  size: number,
  options: { controls?: readonly Control[]; between?: () => Promise<void> } = {},
): Promise<{ pages: string[][]; resultCode: number }> {
  const pages: string[][] = [];
  let cookie = noCookie;
  for (let i = 0; ; i++) {
    const answer = await servers[i % servers.length]!.search(request, [
      page(size, cookie),
      ...(options.controls ?? []),
    ]);
    pages.push(namesOf(answer));
    if (answer.resultCode !== ResultCode.success) return { pages, resultCode: answer.resultCode };
    cookie = cookieOf(answer);
    if (cookie.length === 0) return { pages, resultCode: ResultCode.success };
    await options.between?.();
  }
}

describe("a paged search", () => {
  it.each([
    ["the whole directory", { baseObject: base }],
    [
      "what an index narrows down",
      { baseObject: base, filter: parseFilter("(|(uid=a*)(memberOf=cn=Staff,dc=example,dc=com)(uid=#7))") },
    ],
    ["one level", { baseObject: base, scope: "singleLevel" as const, filter: parseFilter("(uidNumber=*)") }],
  ])("gives %s in pages of any size, each entry once, at two gateways in turn", async (_, request) => {
    await using a = await serveSnapshot(await sampleSnapshot());
    await using b = await serveSnapshot(await sampleSnapshot());
    const all = namesOf(await a.search(request)).sort();
    for (let size = 1; size <= all.length + 1; size++) {
      const { pages } = await walk([a, b], request, size);
      expect(pages.flat().sort()).toEqual(all);
      expect(pages.slice(0, -1).every((each) => each.length === size)).toBe(true);
      expect(pages).toHaveLength(Math.ceil(all.length / size));
    }
  });

  it.each([
    ["in the order of DNs", []],
    ["sorted", [serverSideSortControl([{ attribute: "sn", orderingRule: undefined, reverseOrder: true }], true)]],
  ])(
    "loses nobody who was there throughout and gives nobody twice while users come and go, %s",
    async (_, controls) => {
      using tables = new UserTables();
      const source = tables.open(tableQueries);
      const [a, b] = [newPopulation(), newPopulation()];
      const put = (i: number) =>
        tables.putUser(i, {
          username: `user${String(i).padStart(3, "0")}`,
          uid_number: 1000 + i,
          gid_number: 5,
          last_name: `n${i % 7}`,
        });
      tables.together(() => {
        for (let i = 1; i <= 90; i += 2) put(i);
      });
      await Promise.all([a.pass(source), b.pass(source)]);
      await using first = await serveSnapshot(a.snapshot);
      await using second = await serveSnapshot(b.snapshot);
      let turn = 0;
      const gone = new Set<string>();
      const between = async () => {
        turn++;
        tables.together(() => {
          // One that comes and one that goes, both before and behind where the pages have come to.
          for (const come of [2 * turn, 90 - 2 * turn]) put(come);
          for (const leave of [3 * turn, 91 - 4 * turn].filter((i) => i % 2 === 1 && i > 0)) {
            tables.removeUser(leave);
            gone.add(`uid=user${String(leave).padStart(3, "0")},${base}`);
          }
        });
        await a.pass(source);
        await b.pass(source);
      };
      const request = { ...everything, filter: parseFilter("(uidNumber=*)") };
      const before = namesOf(await first.search(request));
      const { pages } = await walk([first, second], request, 4, { controls, between });
      const given = pages.flat();
      expect(new Set(given).size).toBe(given.length);
      expect(given).toEqual(expect.arrayContaining(before.filter((dn) => !gone.has(dn))));
      await source.close();
    },
  );

  it("counts all pages against the size limit", async () => {
    await using served = await serveSnapshot(await sampleSnapshot());
    const { pages, resultCode } = await walk([served], { ...everything, sizeLimit: 7 }, 3);
    expect(pages.map((each) => each.length)).toEqual([3, 3, 1]);
    expect(resultCode).toBe(ResultCode.sizeLimitExceeded);
  });

  it("is one search where a page holds as many as the size limit allows", async () => {
    await using served = await serveSnapshot(await sampleSnapshot());
    const answer = await served.search({ ...everything, sizeLimit: 3 }, [page(3)]);
    expect([answer.resultCode, answer.entries.length, answer.controls]).toEqual([ResultCode.sizeLimitExceeded, 3, []]);
  });

  it("ends when its client asks for a page of no entries", async () => {
    await using served = await serveSnapshot(await sampleSnapshot());
    const first = await served.search(everything, [page(3)]);
    const last = await served.search(everything, [page(0, cookieOf(first))]);
    expect([last.resultCode, last.entries.length, cookieOf(last).length]).toEqual([ResultCode.success, 0, 0]);
  });

  it("refuses a cookie of another search, and one that is none", async () => {
    await using served = await serveSnapshot(await sampleSnapshot());
    const cookie = cookieOf(await served.search(everything, [page(3)]));
    const others: Partial<SearchRequest>[] = [
      { filter: parseFilter("(uid=*)") },
      { scope: "singleLevel" },
      { attributes: ["uid"] },
      { typesOnly: true },
      { baseObject: `uid=ann,${base}` },
      { sizeLimit: 9 },
    ];
    for (const other of others) {
      const answer = await served.search({ ...everything, ...other }, [page(3, cookie)]);
      expect([answer.resultCode, answer.entries.length]).toEqual([ResultCode.unwillingToPerform, 0]);
    }
    for (const forged of ["x", "[]", "null", '["a",1,[],"k"]', "[".repeat(1000)]) {
      const answer = await served.search(everything, [page(3, Buffer.from(forged))]);
      expect(answer.resultCode).toBe(ResultCode.unwillingToPerform);
    }
  });

  it("refuses a cookie of a search that was sorted otherwise", async () => {
    await using served = await serveSnapshot(await sampleSnapshot());
    const sort = (reverseOrder: boolean) =>
      serverSideSortControl([{ attribute: "cn", orderingRule: undefined, reverseOrder }], true);
    const cookie = cookieOf(await served.search(everything, [page(3), sort(false)]));
    for (const controls of [[page(3, cookie)], [page(3, cookie), sort(true)]]) {
      expect((await served.search(everything, controls)).resultCode).toBe(ResultCode.unwillingToPerform);
    }
    expect((await served.search(everything, [page(3, cookie), sort(false)])).resultCode).toBe(ResultCode.success);
  });

  it("answers a control that cannot be read with protocolError", async () => {
    await using served = await serveSnapshot(await sampleSnapshot());
    // No SEQUENCE; a size of -1; bytes behind the cookie.
    for (const value of ["6e6f", "3005 0201ff 0400", "3006 020101 0400 00"]) {
      const controlValue = Buffer.from(value.replaceAll(" ", ""), "hex");
      const control = { controlType: Oid.pagedResults, criticality: true, controlValue };
      expect((await served.search(everything, [control])).resultCode).toBe(ResultCode.protocolError);
    }
  });
});

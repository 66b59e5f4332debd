import { setImmediate as turn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { attribute, LdapClient, PartialSearchError, type SearchItem } from "../../src/client/index.ts";
import { decodeSyncDone, decodeSyncState, syncRequestControl } from "../../src/controls/content-sync.ts";
import { serverSideSortControl } from "../../src/controls/server-side-sort.ts";
import { decodeSyncInfo } from "../../src/extended/sync-info.ts";
import { ResultCode } from "../../src/result-code.ts";
import { collect } from "../support/collect.ts";
import {
  adminDn,
  adminPassword,
  base,
  describeWithSlapd,
  type Slapd,
  startSlapd,
  userCount,
  userName,
} from "../support/slapd.ts";

const people = {
  baseObject: `ou=people,${base}`,
  scope: "singleLevel",
  filter: "(uid=*)",
  attributes: ["uid"],
} as const;
const allNames = Array.from({ length: userCount }, (_, index) => userName(index));

describeWithSlapd("searches, against slapd", () => {
  let slapd: Slapd;
  let client: LdapClient;
  beforeAll(async () => {
    slapd = await startSlapd();
  });
  afterAll(() => slapd.stop());
  beforeEach(async () => {
    client = await LdapClient.connect({ url: slapd.url });
  });
  afterEach(() => client.unbind());

  it("gives entries one by one, and the result behind the last", async () => {
    const search = client.search(people);
    const names: (string | undefined)[] = [];
    for await (const entry of search.entries()) names.push(entry.text("uid"));
    expect(names.sort()).toEqual(allNames);
    expect(search.result).toMatchObject({ type: "searchResultDone", resultCode: 0, controls: [] });
  });

  it("gives the entries that came before a size limit, and then the failure", async () => {
    const search = client.search({ ...people, sizeLimit: 5 });
    const items: SearchItem[] = [];
    const read = async () => {
      for await (const item of search) items.push(item);
    };
    await expect(read()).rejects.toMatchObject({ name: "LdapError", resultCode: ResultCode.sizeLimitExceeded });
    expect(items.length).toBe(5);
    expect(search.result?.resultCode).toBe(ResultCode.sizeLimitExceeded);

    const error: unknown = await client.searchAll({ ...people, sizeLimit: 5 }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(PartialSearchError);
    expect((error as PartialSearchError).entries.length).toBe(5);
  });

  it("abandons the search when its loop is left, and the connection goes on", async () => {
    const search = client.search(people);
    for await (const _item of search) break;
    expect(client.outstandingCount).toBe(0);
    await expect(search.next()).rejects.toMatchObject({ code: "ERR_ABANDONED" });
    expect((await client.compare(`ou=people,${base}`, "ou", "people")).matches).toBe(true);
  });

  it("abandons on a signal with the signal's reason", async () => {
    const controller = new AbortController();
    const controls = [syncRequestControl({ mode: "refreshAndPersist", cookie: undefined, reloadHint: false })];
    const search = client.search(people, { controls, signal: controller.signal });
    const reason = new Error("the page was closed");
    const read = async () => {
      for await (const item of search) {
        if (item.type === "intermediateResponse") controller.abort(reason);
      }
    };
    await expect(read()).rejects.toBe(reason);
    expect(client.outstandingCount).toBe(0);
    await expect(client.whoAmI({ signal: controller.signal })).rejects.toBe(reason);
    await client.whoAmI();
  });

  it("gives up a search on which the server is silent, and only that", async () => {
    const controls = [syncRequestControl({ mode: "refreshAndPersist", cookie: undefined, reloadHint: false })];
    const read = collect(client.search(people, { controls, timeoutMs: 200 }));
    await expect(read).rejects.toMatchObject({
      code: "ERR_OPERATION_TIMEOUT",
      message: "The server did not answer the searchRequest for 200 ms; it was given up and may still have been done.",
    });
    await client.whoAmI();
  });

  it("cancels a search, which then ends with canceled", async () => {
    const controls = [syncRequestControl({ mode: "refreshAndPersist", cookie: undefined, reloadHint: false })];
    const search = client.search(people, { controls });
    for (let item = await search.next(); item.value?.type !== "intermediateResponse"; ) item = await search.next();
    const canceled = expect(search.next()).rejects.toMatchObject({ resultCode: ResultCode.canceled });
    expect(await client.cancel(search.messageId!)).toMatchObject({ resultCode: 0 });
    await canceled;
    await expect(client.cancel(search.messageId!)).rejects.toMatchObject({ resultCode: ResultCode.noSuchOperation });
  });

  it("gives the intermediate responses and the controls of content synchronization", async () => {
    const search = client.search(people, {
      controls: [syncRequestControl({ mode: "refreshOnly", cookie: undefined, reloadHint: false })],
    });
    const items = await collect(search);
    const [entry] = items.filter((item) => item.type === "searchResultEntry");
    expect(decodeSyncState(entry!.controls[0]!).state).toBe("add");
    expect(decodeSyncDone(search.result!.controls[0]!).cookie).toBeDefined();

    await using persistent = await LdapClient.connect({ url: slapd.url });
    const { cookie } = decodeSyncDone(search.result!.controls[0]!);
    const changes = persistent.search(people, {
      controls: [syncRequestControl({ mode: "refreshAndPersist", cookie, reloadHint: false })],
    });
    const first = await changes.next();
    expect(first.value?.type).toBe("intermediateResponse");
    if (first.value?.type === "intermediateResponse")
      expect(decodeSyncInfo(first.value)).toMatchObject({ refreshDone: true });
  });

  it("sorts by the server-side sort control", async () => {
    const controls = [
      serverSideSortControl([{ attribute: "uid", orderingRule: "caseIgnoreOrderingMatch", reverseOrder: true }], true),
    ];
    const { entries } = await client.searchAll(people, { controls });
    expect(entries.map((entry) => entry.text("uid"))).toEqual(allNames.toReversed());
  });

  it("reads in pages", async () => {
    const sizes: number[] = [];
    for await (const page of client.paged(people, { pageSize: 90 })) sizes.push(page.entries.length);
    expect(sizes).toEqual([90, 90, 20]);
    const entries = await collect(client.paged(people, { pageSize: 33 }).entries());
    expect(entries.map((entry) => entry.text("uid")).sort()).toEqual(allNames);
  });

  it("lets a paged loop be left, and another be begun", async () => {
    const paged = client.paged(people, { pageSize: 10 });
    for await (const _entry of paged.entries()) break;
    expect((await collect(paged.entries())).length).toBe(userCount);
  });

  it("gives the entries of a page that failed before it throws", async () => {
    const names: unknown[] = [];
    const read = async () => {
      for await (const entry of client.paged({ ...people, sizeLimit: 25 }, { pageSize: 10 }).entries())
        names.push(entry);
    };
    await expect(read()).rejects.toMatchObject({ resultCode: ResultCode.sizeLimitExceeded });
    expect(names.length).toBe(25);
  });

  it("stops reading the socket while nobody reads the search", async () => {
    await client.bind(adminDn, adminPassword);
    const photo = new Uint8Array(2_000_000).fill(7);
    const dn = (index: number) => `cn=large${index},ou=people,${base}`;
    for (let index = 0; index < 12; index++) {
      const attributes = [
        attribute("objectClass", "inetOrgPerson"),
        attribute("sn", "large"),
        attribute("jpegPhoto", photo),
      ];
      await client.add(dn(index), attributes);
    }
    const search = client.search({ baseObject: base, filter: "(sn=large)" });
    await search.next();
    while (search.bufferedBytes < 1_000_000) await turn();
    for (let turns = 0; turns < 200; turns++) await turn();
    expect(search.bufferedBytes).toBeLessThan(4_100_000);
    // Another operation is answered all the same, although its answer is behind entries that nobody reads.
    await client.whoAmI();
    expect((await collect(search)).length).toBe(11);
    for (let index = 0; index < 12; index++) await client.del(dn(index));
  });

  it("refuses a filter that is none before anything is sent", () => {
    expect(() => client.search({ baseObject: base, filter: "(uid=" })).toThrow(
      expect.objectContaining({ code: "ERR_FILTER" }),
    );
  });
});

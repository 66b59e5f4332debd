import { syncRequestControl } from "@espalier/ldap";
import { until, Wire } from "@espalier/tests/lab";
import { describe, expect, test } from "vitest";
import { type AssembledOptions, AssembledProxy } from "./assembled-proxy.ts";
import { passwords, RecordingServer } from "./recording-server.ts";
import { cookieOf, dnOf, extendedOf, modifyOf, pageOf, resultOf, searchOf, seenAs } from "./requests.ts";

const modes = ["session", "proxyauthz", "identity"] as const;

async function lab(options: Omit<AssembledOptions, "urls"> = {}) {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await RecordingServer.start());
  server.entriesInAll = 5;
  const proxy = stack.use(await AssembledProxy.start({ ...options, urls: [server.url] }));
  const owned = stack.move();
  return { server, proxy, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function boundClient(proxy: AssembledProxy, uid: string): Promise<Wire> {
  const client = await Wire.connect(proxy.url);
  if (uid !== "") expect(await client.bind(dnOf(uid), passwords.get(dnOf(uid)) ?? "")).toBe(0);
  return client;
}

/** Reads a search in pages, with `between` in between; the number of entries of each page. */
async function pages(client: Wire, target: string, between: () => Promise<unknown>): Promise<number[]> {
  const counts: number[] = [];
  let cookie: Uint8Array = Buffer.alloc(0);
  do {
    const { entries, done, controls } = await client.search(searchOf(target), [pageOf(2, cookie)]);
    if (done.resultCode !== 0) throw new Error(done.diagnosticMessage);
    counts.push(entries.length);
    cookie = cookieOf(controls);
    await between();
  } while (cookie.length > 0);
  return counts;
}

/** Leases of the pool: what one client has alone. */
const exclusive = (proxy: AssembledProxy): number =>
  [...proxy.backend(0).connections.connections()].filter(({ isExclusive }) => isExclusive).length;

describe.each(modes)("in mode %s", (mode) => {
  test.each(["", "ann"])("two clients page at once, each on a connection of its own, bound as '%s'", async (uid) => {
    await using all = await lab({ mode });
    using one = await boundClient(all.proxy, uid);
    using two = await boundClient(all.proxy, uid);
    const other = () => Promise.all([seenAs(one, "cn=x,dc=example,dc=com"), seenAs(two, "cn=x,dc=example,dc=com")]);
    const found = await Promise.all([
      pages(one, "cn=one,dc=example,dc=com", other),
      pages(two, "cn=two,dc=example,dc=com", other),
    ]);
    expect(found).toEqual([
      [2, 2, 1],
      [2, 2, 1],
    ]);
    const as = uid === "" ? "" : dnOf(uid);
    expect(new Set(all.server.executed.map((each) => each.as))).toEqual(new Set([as]));
  });

  test("the connection of a paged search is given back with its last page", async () => {
    await using all = await lab({ mode });
    using client = await boundClient(all.proxy, "ann");
    const held = exclusive(all.proxy);
    const during: number[] = [];
    await pages(client, "cn=pages,dc=example,dc=com", async () => during.push(exclusive(all.proxy)));
    // In mode session it is the client's own, as long as it is bound.
    expect(during).toEqual(mode === "session" ? [1, 1, 1] : [1, 1, 0]);
    expect([held, exclusive(all.proxy)]).toEqual(mode === "session" ? [1, 1] : [0, 0]);
  });

  test("the connection of a paged search that nobody goes on with is given back after a while, or with the client", async () => {
    await using all = await lab({ mode, limits: { stateIdleMs: 50 } });
    using client = await boundClient(all.proxy, "");
    await client.search(searchOf("cn=begun,dc=example,dc=com"), [pageOf(2)]);
    expect(exclusive(all.proxy)).toBe(1);
    await until("the lease to be given back", () => exclusive(all.proxy) === 0);
    using other = await boundClient(all.proxy, "ann");
    await other.search(searchOf("cn=begun,dc=example,dc=com"), [pageOf(2)]);
    other.sendRequest({ type: "unbindRequest" });
    await until("the lease to be given back", () => exclusive(all.proxy) === 0);
  });

  test("an unknown extended operation keeps its connection until the client binds, and nobody gets it afterwards", async () => {
    await using all = await lab({ mode });
    using client = await boundClient(all.proxy, "ann");
    expect(await resultOf(client, extendedOf("1.2.3.4"))).toMatchObject({ resultCode: 0 });
    expect(await resultOf(client, extendedOf("1.2.3.4"))).toMatchObject({ resultCode: 0 });
    const [first, second] = all.server.of("1.2.3.4");
    expect(first).toEqual(second);
    expect(first?.as).toBe(dnOf("ann"));
    expect(await client.bind(dnOf("bob"), passwords.get(dnOf("bob")) ?? "")).toBe(0);
    expect(await resultOf(client, extendedOf("1.2.3.4"))).toMatchObject({ resultCode: 0 });
    expect(all.server.of("1.2.3.4")[2]).toMatchObject({ as: dnOf("bob") });
    expect(all.server.of("1.2.3.4")[2]?.connection).not.toBe(first?.connection);
  });

  test("a persistent search has a lane of its own, and ends when it is abandoned", async () => {
    await using all = await lab({ mode });
    using client = await boundClient(all.proxy, "ann");
    const ended: string[] = [];
    all.server.gate = (operation, target) => {
      if (!target.includes("persistent")) return true;
      operation.signal.addEventListener("abort", () => void ended.push(target));
      return new Promise<boolean>(() => {});
    };
    const sync = syncRequestControl({ mode: "refreshAndPersist", cookie: undefined, reloadHint: false });
    const id = client.sendRequest(searchOf("cn=persistent,dc=example,dc=com"), [sync]);
    for (let i = 0; i < 5; i++) expect(await seenAs(client, `cn=${i},dc=example,dc=com`)).toBe(dnOf("ann"));
    expect(exclusive(all.proxy)).toBe(1);
    client.sendRequest({ type: "abandonRequest", messageId: id });
    await until("the persistent search to end", () => ended.length > 0);
    if (mode !== "session") await until("the lane to be given back", () => exclusive(all.proxy) === 0);
  });

  test("paging goes on while the client writes to another backend and reads there what it wrote", async () => {
    await using one = await RecordingServer.start();
    await using two = await RecordingServer.start();
    for (const server of [one, two]) server.entriesInAll = 5;
    await using proxy = await AssembledProxy.start({ mode, urls: [one.url, two.url], afterWriteMs: 60_000 });
    using client = await boundClient(proxy, "ann");
    let count = 0;
    const write = () => resultOf(client, modifyOf(`cn=write-${count++},dc=example,dc=com`));
    expect(await pages(client, "cn=pages,dc=example,dc=com", write)).toEqual([2, 2, 1]);
    await seenAs(client, "cn=after,dc=example,dc=com");
    expect(one.executed.filter(({ operation }) => operation === "modify")).toHaveLength(3);
    expect(one.of("cn=after,dc=example,dc=com")).toMatchObject([{ as: dnOf("ann") }]);
    expect(proxy.records.at(-1)?.reason).toBe("after-write");
  });
});

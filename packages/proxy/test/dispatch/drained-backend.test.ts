/** What becomes of clients that have a connection of their own to a backend which an administrator drains. */
import { until, Wire } from "@espalier/tests/lab";
import { describe, expect, test } from "vitest";
import { type AssembledOptions, AssembledProxy } from "./assembled-proxy.ts";
import { passwords, RecordingServer } from "./recording-server.ts";
import { cookieOf, dnOf, pageOf, resultOf, saslBindOf, searchOf, seenAs } from "./requests.ts";

const ann = dnOf("ann");
const password = passwords.get(ann) ?? "";
const target = "cn=x,dc=example,dc=com";

/** Two backends in mode session, and a client that is bound on the first, where nothing of it is under way. */
async function lab(options: Partial<AssembledOptions> = {}, bind = (client: Wire) => client.bind(ann, password)) {
  await using stack = new AsyncDisposableStack();
  const one = stack.use(await RecordingServer.start());
  const two = stack.use(await RecordingServer.start());
  one.entriesInAll = two.entriesInAll = 4;
  const proxy = stack.use(await AssembledProxy.start({ urls: [one.url, two.url], mode: "session", ...options }));
  proxy.backend(1).state.setAdmin("drain");
  const client = stack.use(await Wire.connect(proxy.url));
  expect(await bind(client)).toBe(0);
  proxy.backend(1).state.setAdmin("ready");
  const owned = stack.move();
  const drain = () => {
    proxy.backend(0).state.setAdmin("drain");
    proxy.backend(0).connections.drain();
  };
  const open = () => proxy.backend(0).connections.open;
  return { one, two, proxy, client, drain, open, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe("a drain of a backend", () => {
  test("takes the connection of an idle client at once, who is bound elsewhere when it asks something", async () => {
    await using s = await lab();
    expect(s.open()).toBe(1);
    s.drain();
    expect(s.open()).toBe(0);
    await until("the server to be left", () => s.one.connections === 0);
    expect(await seenAs(s.client, target)).toBe(ann);
    expect([s.one.of(target).length, s.two.of(target).map(({ as }) => as)]).toEqual([0, [ann]]);
    expect(s.client.isClosed).toBe(false);
  });

  test("waits for what is under way, and for no more than that", async () => {
    await using s = await lab();
    const held = Promise.withResolvers<boolean>();
    s.one.gate = () => held.promise;
    const asked = seenAs(s.client, target);
    await until("the search at the server", () => s.proxy.backend(0).connections.outstanding === 1);
    s.drain();
    expect(s.open()).toBe(1);
    held.resolve(true);
    expect(await asked).toBe(ann);
    await until("the connection to end", () => s.open() === 0);
  });

  test("waits for the pages of a search that was begun there", async () => {
    await using s = await lab();
    const first = await s.client.search(searchOf(target), [pageOf(2)]);
    s.drain();
    expect(s.open()).toBe(1);
    const second = await s.client.search(searchOf(target), [pageOf(2, cookieOf(first.controls))]);
    expect([first, second].map(({ done, entries }) => [done.resultCode, entries.length])).toEqual([
      [0, 2],
      [0, 2],
    ]);
    await until("the connection to end", () => s.open() === 0);
    expect(s.one.of(target)).toHaveLength(2);
  });

  test("takes the connection of a client whose bind was under way", async () => {
    let onRequest = () => {};
    await using s = await lab({ onRequest: () => onRequest() });
    s.proxy.backend(1).state.setAdmin("drain");
    // On the connection that there is: the bind has been sent when its turn of the event loop ends.
    onRequest = () => setImmediate(s.drain);
    expect(await s.client.bind(ann, password)).toBe(0);
    await until("the connection to end", () => s.open() === 0);
    onRequest = () => {};
    s.proxy.backend(1).state.setAdmin("ready");
    expect(await seenAs(s.client, target)).toBe(ann);
    expect([s.one, s.two].map(({ binds }) => binds.map(({ name }) => name))).toEqual([[ann, ann], [ann]]);
  });

  test("takes the connection on which a client was being bound to move there, when its operation is done", async () => {
    let onRequest = () => {};
    await using s = await lab({ onRequest: () => onRequest() });
    s.drain();
    // Leaves a connection behind.
    using other = await Wire.connect(s.proxy.url);
    expect(await other.bind(dnOf("bob"), passwords.get(dnOf("bob")) ?? "")).toBe(0);
    other[Symbol.dispose]();
    const { state, connections } = s.proxy.backend(1);
    await until("it to be given back", () => ![...connections.connections()].some(({ isExclusive }) => isExclusive));
    onRequest = () =>
      setImmediate(() => {
        state.setAdmin("drain");
        connections.drain();
      });
    expect(await seenAs(s.client, target)).toBe(ann);
    await until("the connection to end", () => connections.open === 0);
    expect([s.one, s.two].map((server) => server.of(target).length)).toEqual([0, 1]);
  });

  test.each([
    ["bound by SASL", true, saslBindOf("PLAIN", `\0ann\0${password}`)],
    ["bound while binds are not repeated", false, undefined],
  ] as const)(
    "leaves a client where it is that was %s: nothing can bind it elsewhere",
    async (_, replayBinds, sasl) => {
      await using s = await lab({ replayBinds }, async (client) =>
        sasl === undefined ? client.bind(ann, password) : (await resultOf(client, sasl)).resultCode,
      );
      s.drain();
      expect(s.open()).toBe(1);
      expect(await seenAs(s.client, target)).toBe(ann);
      expect(s.one.of(target)).toHaveLength(1);
      s.client[Symbol.dispose]();
      await until("the connection to end with its client", () => s.open() === 0);
    },
  );
});

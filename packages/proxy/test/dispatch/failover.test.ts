import { cancelRequest, Oid, passwordModifyRequest, type RequestOp, ResultCode } from "@espalier/ldap";
import { until, Wire } from "@espalier/tests/lab";
import { describe, expect, test } from "vitest";
import { Refusals } from "../../src/dispatch/refusal.ts";
import { type AssembledOptions, AssembledProxy } from "./assembled-proxy.ts";
import { passwords, RecordingServer } from "./recording-server.ts";
import {
  bindOf,
  cookieOf,
  dnOf,
  extendedOf,
  modifyOf,
  pageOf,
  resultOf,
  saslBindOf,
  searchOf,
  seenAs,
} from "./requests.ts";

const ann = dnOf("ann");
const annPassword = passwords.get(ann) ?? "";
const modes = ["session", "proxyauthz", "identity"] as const;

/** Two backends; the first is the write node. */
async function twoBackends(options: Omit<AssembledOptions, "urls"> = {}) {
  await using stack = new AsyncDisposableStack();
  const one = stack.use(await RecordingServer.start());
  const two = stack.use(await RecordingServer.start());
  const proxy = stack.use(await AssembledProxy.start({ ...options, urls: [one.url, two.url] }));
  const client = stack.use(await Wire.connect(proxy.url));
  const owned = stack.move();
  return { one, two, proxy, client, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Drops the connection of the next operation instead of executing it; of a write, after it was executed. */
function dropNext(server: RecordingServer, count = 1): void {
  let left = count;
  server.gate = (operation, target) => {
    if (left-- <= 0) return true;
    if (operation.request.type !== "searchRequest" && operation.request.type !== "compareRequest") {
      server.executed.push({ connection: operation.session.id, operation: "before the loss", target, as: "" });
    }
    operation.dropConnection();
    return false;
  };
}

describe.each(modes)("in mode %s, a bound client", (mode) => {
  const bound = async (options: Omit<AssembledOptions, "urls"> = {}) => {
    const lab = await twoBackends({ mode, ...options });
    expect(await lab.client.bind(ann, annPassword)).toBe(0);
    return lab;
  };

  test("gets its read from another backend when the connection is lost before the answer", async () => {
    await using lab = await bound();
    let drops = 1;
    for (const server of [lab.one, lab.two]) {
      server.gate = (operation) => {
        if (drops-- <= 0) return true;
        operation.dropConnection();
        return false;
      };
    }
    expect(await seenAs(lab.client, "cn=read,dc=example,dc=com")).toBe(ann);
    expect(lab.proxy.records.at(-1)).toMatchObject({ operation: "search", attempts: 2, resultCode: 0, boundAs: ann });
  });

  test("hears that the outcome of a write is unknown when the connection is lost, and it is not sent again", async () => {
    await using lab = await bound();
    dropNext(lab.one);
    const target = "cn=write,dc=example,dc=com";
    const { resultCode, text: diagnosticMessage } = Refusals.inDoubt;
    expect(await resultOf(lab.client, modifyOf(target))).toEqual({ resultCode, diagnosticMessage });
    expect([...lab.one.of(target), ...lab.two.of(target)]).toHaveLength(1);
    expect(lab.proxy.records.at(-1)).toMatchObject({ inDoubt: true, refusedBy: "inDoubt", backend: "backend-1" });
    expect(lab.proxy.events).toMatchObject([
      {
        ...{ type: "write.in-doubt", severity: "high", subject: target, actor: ann, source: "proxy", audit: true },
        data: { backend: "backend-1", code: "ERR_UPSTREAM_CLOSED", client: "127.0.0.1" },
      },
    ]);
    // The session goes on, as the same client.
    expect(await seenAs(lab.client, "cn=next,dc=example,dc=com")).toBe(ann);
  });

  test.each([
    [
      "Password Modify",
      passwordModifyRequest({ userIdentity: ann, oldPasswd: undefined, newPasswd: Buffer.from("x") }),
    ],
    ["an unknown extended operation", extendedOf("1.2.3.4")],
  ] satisfies [string, RequestOp][])("hears that the outcome is unknown of %s", async (_name, request) => {
    await using lab = await bound();
    dropNext(lab.one);
    expect((await resultOf(lab.client, request)).diagnosticMessage).toBe(Refusals.inDoubt.text);
    expect([...lab.one.executed, ...lab.two.executed]).toHaveLength(1);
  });

  test("is told when a search that has begun to answer cannot go on, and gets no entry twice", async () => {
    await using lab = await bound();
    for (const server of [lab.one, lab.two]) {
      server.gate = async (operation) => {
        if (operation.request.type !== "searchRequest") return true;
        const search = operation as typeof operation & { entry(entry: object): void };
        search.entry({ objectName: "cn=first,dc=example,dc=com", attributes: [] });
        await until("the entry to be on its way", () => lab.client.received.some(isEntry));
        operation.dropConnection();
        return false;
      };
    }
    const { entries, done } = await lab.client.search(searchOf("cn=cut,dc=example,dc=com"));
    expect(entries).toHaveLength(1);
    expect(done).toMatchObject({ resultCode: ResultCode.unavailable, diagnosticMessage: Refusals.cutShort.text });
  });

  test("is told that a paged search has to begin anew when the connection of its pages is lost", async () => {
    await using lab = await bound();
    for (const server of [lab.one, lab.two]) server.entriesInAll = 4;
    const { controls } = await lab.client.search(searchOf("cn=pages,dc=example,dc=com"), [pageOf(2)]);
    for (const server of [lab.one, lab.two]) dropNext(server);
    const { done } = await lab.client.search(searchOf("cn=pages,dc=example,dc=com"), [pageOf(2, cookieOf(controls))]);
    expect(done).toMatchObject({ resultCode: ResultCode.unavailable, diagnosticMessage: Refusals.stateLost.text });
  });

  test("is moved once when a backend answers a read with busy, and gets the answer as it is the second time", async () => {
    await using lab = await bound();
    const { one, two, client } = lab;
    const attempts: string[] = [];
    for (const [name, server] of Object.entries({ one, two })) {
      server.gate = (operation) => {
        attempts.push(name);
        operation.end({ resultCode: ResultCode.busy, diagnosticMessage: name });
        return false;
      };
    }
    expect(await resultOf(client, searchOf("cn=busy,dc=example,dc=com"))).toEqual({
      ...{ resultCode: ResultCode.busy, diagnosticMessage: attempts[1] },
    });
    expect([...attempts].sort()).toEqual(["one", "two"]);
    attempts.length = 0;
    await resultOf(client, modifyOf("cn=busy,dc=example,dc=com"));
    expect(attempts).toEqual(["one"]);
  });

  test("has its write executed when not one byte of it could be sent at first", async () => {
    let isWatching = false;
    let losses = 0;
    const lab = await bound({
      onRequest: () => {
        if (!isWatching || losses++ > 0) return;
        // What is sent in a turn leaves at its end: every connection is gone by then.
        const lost = { code: "ERR_UPSTREAM_CLOSED", message: "a test closed it" } as const;
        process.nextTick(() => lab.proxy.backend(0).connections.kick(lost));
      },
    });
    await using _ = lab;
    // On a connection that is there, so that it is sent at once.
    expect(await resultOf(lab.client, modifyOf("cn=before,dc=example,dc=com"))).toMatchObject({ resultCode: 0 });
    isWatching = true;
    const target = "cn=unsent,dc=example,dc=com";
    expect(await resultOf(lab.client, modifyOf(target))).toMatchObject({ resultCode: 0 });
    expect(lab.proxy.records.at(-1)).toMatchObject({ attempts: 2, backend: "backend-1" });
    expect(lab.one.of(target)).toMatchObject([{ as: ann }]);
  });
});

describe("a client that cannot be somewhere else", () => {
  test("is disconnected with a notice when its password is no longer right where its bind has to be repeated", async () => {
    await using lab = await twoBackends({ mode: "session" });
    expect(await lab.client.bind(ann, annPassword)).toBe(0);
    const refused = lab.one.binds.length > 0 ? lab.two : lab.one;
    const [held] = lab.one.binds.length > 0 ? [lab.one] : [lab.two];
    refused.refusesBinds = true;
    dropNext(held);
    lab.client.sendRequest(searchOf("cn=lost,dc=example,dc=com"));
    const notice = await lab.client.receive("the notice", ({ messageId }) => messageId === 0);
    expect(notice.protocolOp).toMatchObject({
      ...{ responseName: Oid.noticeOfDisconnection, resultCode: ResultCode.strongerAuthRequired },
    });
    await lab.client.closed();
    expect([...lab.one.executed, ...lab.two.executed]).toEqual([]);
    // One attempt: lockout counters are not driven up.
    expect(refused.binds).toHaveLength(1);
  });

  test.each([
    ["its bind is not to be kept", false, bindOf(ann, annPassword)],
    ["it was bound by SASL", true, saslBindOf("PLAIN", `\0ann\0${annPassword}`)],
  ] satisfies [string, boolean, RequestOp][])(
    "is disconnected when its connection is lost and %s",
    async (_name, replayBinds, bind) => {
      await using lab = await twoBackends({ mode: "session", replayBinds });
      expect(await resultOf(lab.client, bind)).toMatchObject({ resultCode: 0 });
      expect(await seenAs(lab.client, "cn=before,dc=example,dc=com")).toBe(ann);
      for (const server of [lab.one, lab.two]) dropNext(server);
      lab.client.sendRequest(searchOf("cn=lost,dc=example,dc=com"));
      await lab.client.closed();
      expect(lab.client.received.at(-1)?.protocolOp).toMatchObject({ responseName: Oid.noticeOfDisconnection });
    },
  );
});

describe("a bind", () => {
  test.each(modes)("is tried once more where no answer came, in mode %s", async (mode) => {
    await using lab = await twoBackends({ mode });
    lab.one.dropsBinds = 1;
    lab.two.dropsBinds = 1;
    // The first one answers nothing, and the second one neither: that was one more.
    lab.client.sendRequest(bindOf(ann, annPassword));
    await lab.client.closed();
    expect(lab.client.received.map(({ protocolOp }) => protocolOp)).toMatchObject([
      { responseName: Oid.noticeOfDisconnection, resultCode: ResultCode.unavailable },
    ]);
    using again = await Wire.connect(lab.proxy.url);
    lab.one.dropsBinds = 0;
    lab.two.dropsBinds = 0;
    expect(await again.bind(ann, annPassword)).toBe(0);
  });

  test.each(modes)("with a wrong password is tried at one backend alone, always the same, in mode %s", async (mode) => {
    await using lab = await twoBackends({ mode, strategy: "round-robin" });
    for (let attempt = 0; attempt < 6; attempt++) {
      using client = await Wire.connect(lab.proxy.url);
      expect(await client.bind(attempt % 2 === 0 ? ann : ann.toUpperCase(), "wrong")).toBe(
        ResultCode.invalidCredentials,
      );
    }
    const attempts = [lab.one, lab.two].map(({ binds }) => binds.filter(({ resultCode }) => resultCode !== 0).length);
    expect(attempts.sort()).toEqual([0, 6]);
  });
});

describe("with no backend left", () => {
  // Both were restarted, one right after the other: the checks had not yet found that the first was back.
  test.each(modes)("but one that checks have not found back yet, it answers, in mode %s", async (mode) => {
    await using lab = await twoBackends({ mode });
    lab.proxy.backend(0).state.setHealth("down", "it did not answer the last check");
    using anonymous = await Wire.connect(lab.proxy.url);
    await seenAs(anonymous, "cn=before,dc=example,dc=com");
    await lab.two[Symbol.asyncDispose]();
    expect(await seenAs(anonymous, "cn=read,dc=example,dc=com")).toBe("");
    expect(await lab.client.bind(ann, annPassword)).toBe(0);
    expect(lab.proxy.records.slice(-2)).toMatchObject([
      { operation: "search", backend: "backend-1", reason: "panic", resultCode: 0 },
      { operation: "bind", backend: "backend-1", reason: "panic", resultCode: 0 },
    ]);
  });

  test("an operation is unavailable, and a bind loses its connection, since no password was refused", async () => {
    await using server = await RecordingServer.start();
    const { url } = server;
    await server[Symbol.asyncDispose]();
    await using proxy = await AssembledProxy.start({ urls: [url] });
    using client = await Wire.connect(proxy.url);
    expect(await resultOf(client, searchOf("dc=example,dc=com"))).toEqual({
      ...{ resultCode: ResultCode.unavailable, diagnosticMessage: Refusals.unavailable.text },
    });
    client.sendRequest(bindOf(ann, annPassword));
    await client.closed();
    expect(client.received.at(-1)).toMatchObject({ messageId: 0, protocolOp: { resultCode: ResultCode.unavailable } });
  });

  test("with one backend, a read whose connection is lost goes over a new one to the same", async () => {
    await using server = await RecordingServer.start();
    await using proxy = await AssembledProxy.start({ urls: [server.url] });
    using client = await Wire.connect(proxy.url);
    expect(await client.bind(ann, annPassword)).toBe(0);
    dropNext(server);
    expect(await seenAs(client, "cn=again,dc=example,dc=com")).toBe(ann);
  });
});

describe("overload", () => {
  test("an operation that finds no place within the queue's time is answered with busy", async () => {
    await using server = await RecordingServer.start();
    await using proxy = await AssembledProxy.start({
      ...{ urls: [server.url], limits: { queueTimeoutMs: 100 }, upstream: { maxConnections: 1, sharedConnections: 1 } },
    });
    using holder = await Wire.connect(proxy.url);
    expect(await holder.bind(ann, annPassword)).toBe(0);
    using other = await Wire.connect(proxy.url);
    expect(await resultOf(other, bindOf(dnOf("bob"), passwords.get(dnOf("bob")) ?? ""))).toEqual({
      ...{ resultCode: ResultCode.busy, diagnosticMessage: Refusals.busy.text },
    });
    // When the place is free it is taken.
    holder.sendRequest({ type: "unbindRequest" });
    await holder.closed();
    expect(await other.bind(dnOf("bob"), passwords.get(dnOf("bob")) ?? "")).toBe(0);
    expect(await seenAs(other, "cn=place,dc=example,dc=com")).toBe(dnOf("bob"));
  });

  test("what is more than a client may have under way waits in its socket, in order, and nothing is refused", async () => {
    await using server = await RecordingServer.start();
    let running = 0;
    let most = 0;
    server.gate = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return true;
    };
    await using proxy = await AssembledProxy.start({ urls: [server.url], limits: { maxPendingPerClient: 3 } });
    using client = await Wire.connect(proxy.url);
    const ids = Array.from({ length: 40 }, (_, i) => client.sendRequest(searchOf(`cn=${i},dc=example,dc=com`)));
    for (const id of ids) {
      const { last } = await client.answer(id);
      expect(last.protocolOp).toMatchObject({ resultCode: 0 });
    }
    expect(most).toBeLessThanOrEqual(3);
  });
});

describe("Cancel", () => {
  test("ends a search with canceled and tells the backend, and cannot cancel a write that was sent", async () => {
    await using lab = await twoBackends();
    const held = Promise.withResolvers<boolean>();
    const cancelled: string[] = [];
    lab.one.gate = (operation, target) => {
      operation.signal.addEventListener("abort", () => void cancelled.push(target));
      return held.promise;
    };
    const search = lab.client.sendRequest(searchOf("cn=long,dc=example,dc=com"));
    const write = lab.client.sendRequest(modifyOf("cn=change,dc=example,dc=com"));
    await until("both to be under way", () => lab.proxy.backend(0).connections.pending === 2);
    expect(await resultOf(lab.client, cancelRequest(search))).toMatchObject({ resultCode: 0 });
    expect((await lab.client.answer(search)).last.protocolOp).toMatchObject({ resultCode: ResultCode.canceled });
    await until("the search to be abandoned", () => cancelled.length > 0);
    expect(cancelled).toEqual(["cn=long,dc=example,dc=com"]);
    expect(await resultOf(lab.client, cancelRequest(write))).toMatchObject({ resultCode: ResultCode.cannotCancel });
    expect(await resultOf(lab.client, cancelRequest(99))).toMatchObject({ resultCode: ResultCode.noSuchOperation });
    held.resolve(true);
    expect((await lab.client.answer(write)).last.protocolOp).toMatchObject({ resultCode: 0 });
  });
});

function isEntry({ protocolOp }: { readonly protocolOp: { readonly type: string } }): boolean {
  return protocolOp.type === "searchResultEntry";
}

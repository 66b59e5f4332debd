import { describe, expect, it } from "vitest";
import { encodeMessage } from "../../src/message/encode.ts";
import { ResultCode } from "../../src/result-code.ts";
import { type CloseReason, createLdapServer, defaultServerLimits, LocalAdmission } from "../../src/server/index.ts";
import { deferred, eventually, Gates, start } from "./harness.ts";
import { bind, bindResponse, notice, result, search } from "./raw-client.ts";

const handler = {
  bind(request: { name: string }, operation: { session: { authorization: { dn: string } }; end(): void }) {
    operation.session.authorization = { dn: request.name };
    operation.end();
  },
  search: (_request: unknown, operation: { done(): void }) => operation.done(),
};
const messageOf = (byteCount: number, messageId: number) => {
  const empty = encodeMessage({ messageId, protocolOp: search("x".repeat(300)), controls: [] });
  return encodeMessage({
    messageId,
    protocolOp: search("x".repeat(300 + byteCount - empty.length)),
    controls: [],
  });
};

describe("limits", () => {
  it("allow an anonymous session smaller messages than one that is bound", async () => {
    const limits = { maxAnonymousMessageBytes: 1000, maxMessageBytes: 10_000 };
    const { client } = await start({ limits, handler });
    const tooLarge = (byteCount: number, most: number) =>
      notice(ResultCode.protocolError, `An LDAP message of ${byteCount} bytes is more than the ${most} allowed`);

    const bound = await client();
    bound.send(messageOf(1000, 1));
    expect(await bound.next()).toEqual([1, result("searchResultDone")]);
    bound.request(2, bind("uid=ann"));
    expect(await bound.next()).toEqual([2, bindResponse()]);
    bound.send(messageOf(10_000, 3));
    expect(await bound.next()).toEqual([3, result("searchResultDone")]);
    bound.send(messageOf(10_001, 4));
    expect(await bound.untilClosed()).toEqual([tooLarge(10_001, 10_000)]);

    const unbound = await client();
    unbound.send(messageOf(1001, 1));
    expect(await unbound.untilClosed()).toEqual([tooLarge(1001, 1000)]);

    // The header is enough: nothing is waited for and nothing allocated.
    const announcing = await client();
    announcing.send(Uint8Array.of(0x30, 0x84, 0x7f, 0xff, 0xff, 0xff));
    expect(await announcing.untilClosed()).toEqual([tooLarge(0x7fffffff + 6, 1000)]);
  });

  it("close a message that is begun and not completed within messageTimeoutMs, however steadily its bytes drip", async () => {
    const reason = deferred<CloseReason>();
    const { client } = await start({
      limits: { messageTimeoutMs: 60 },
      handler,
      observer: { connectionClosed: (event) => reason.resolve(event.reason) },
    });
    const raw = await client();
    const bytes = messageOf(1000, 1);
    let at = 0;
    const drip = setInterval(() => raw.send(bytes.subarray(at, ++at)), 5);
    expect(await raw.untilClosed()).toEqual([
      notice(ResultCode.protocolError, "a message was begun and not completed in time"),
    ]);
    clearInterval(drip);
    raw.destroy();
    expect(await reason.promise).toBe("messageTimeout");
  });

  it("close a session on which nothing happened for idleTimeoutMs, and none whose operation is in progress", async () => {
    const gates = new Gates();
    const { client } = await start({
      limits: { idleTimeoutMs: 60 },
      handler: {
        async search(_request, operation) {
          await gates.pass("search");
          operation.done();
        },
      },
    });
    const busy = await client();
    busy.request(1, search(""));
    const idle = await client();
    expect(await idle.untilClosed()).toEqual([notice(ResultCode.unavailable, "the session was idle for too long")]);
    gates.open("search");
    expect(await busy.take(2)).toEqual([
      [1, result("searchResultDone")],
      notice(ResultCode.unavailable, "the session was idle for too long"),
    ]);
  });

  it("refuse connections past maxConnections and maxConnectionsPerAddress with a notice, and take one again when one has gone", async () => {
    for (const limits of [{ maxConnections: 2 }, { maxConnectionsPerAddress: 2 }]) {
      const refused: string[] = [];
      const { client, server } = await start({
        limits,
        handler,
        observer: { connectionRefused: (remoteAddress) => void refused.push(remoteAddress) },
      });
      const first = await client();
      await client();
      await eventually(() => server.connections === 2);
      const third = await client();
      expect(await third.untilClosed()).toEqual([
        notice(ResultCode.unavailable, "too many connections; try again later"),
      ]);
      expect(refused).toEqual(["127.0.0.1"]);
      first.destroy();
      await eventually(() => server.connections === 1);
      const fourth = await client();
      fourth.request(1, search(""));
      expect(await fourth.next()).toEqual([1, result("searchResultDone")]);
    }
  });

  it("ask an admission of one's own, and give back exactly what it admitted", async () => {
    const calls: string[] = [];
    const admission = {
      admit(address: string) {
        calls.push(`admit ${address}`);
        return calls.length < 3;
      },
      release: (address: string) => void calls.push(`release ${address}`),
    };
    const { client } = await start({ handler, admission });
    const [first, second, third] = [await client(), await client(), await client()];
    await third.closed;
    first.destroy();
    second.destroy();
    await eventually(() => calls.length === 5);
    expect(calls).toEqual([
      "admit 127.0.0.1",
      "admit 127.0.0.1",
      "admit 127.0.0.1",
      "release 127.0.0.1",
      "release 127.0.0.1",
    ]);
  });

  it("count an address on its own", () => {
    const admission = new LocalAdmission({ maxConnections: 3, maxConnectionsPerAddress: 2 });
    const admitted = ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3"].map((address) =>
      admission.admit(address),
    );
    expect(admitted).toEqual([true, true, false, true, false]);
    admission.release("192.0.2.1");
    expect([admission.admit("192.0.2.2"), admission.admit("192.0.2.2")]).toEqual([true, false]);
  });

  it("have defaults, and refuse a value that cannot be one", () => {
    expect(createLdapServer({ handler: {}, limits: { maxConnections: 5 } }).limits).toEqual({
      ...defaultServerLimits,
      maxConnections: 5,
    });
    for (const limits of [
      { maxConnections: 0 },
      { idleTimeoutMs: -1 },
      { maxMessageBytes: 1.5 },
      { maxPendingWriteBytes: 1000 },
      { writeTimeoutMs: Number.NaN },
    ]) {
      expect(() => createLdapServer({ handler: {}, limits })).toThrow(RangeError);
    }
  });
});

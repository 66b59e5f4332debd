import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { ResultCode } from "../../src/result-code.ts";
import type { ConnectionClosed, OperationEnded } from "../../src/server/index.ts";
import { createLdapServer } from "../../src/server/index.ts";
import { firstCertificate } from "./certificates.ts";
import { eventually, Gates, start } from "./harness.ts";
import { bind, bindResponse, notice, RawClient, result, search } from "./raw-client.ts";

const shuttingDown = notice(ResultCode.unavailable, "the server is shutting down");

function gatedSearch(gates: Gates) {
  return {
    async search(request: { baseObject: string }, operation: { done(): void }) {
      await gates.pass(request.baseObject);
      operation.done();
    },
  };
}

const isRefused = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(false));
    socket.on("error", () => resolve(true));
    socket.on("close", () => socket.destroy());
  });

describe("draining", () => {
  it("accepts nobody, sends idle sessions a notice, lets operations end, and in the end begins none", async () => {
    const gates = new Gates();
    const begun: string[] = [];
    const { client, server, port } = await start({
      handler: {
        async search(request, operation) {
          begun.push(request.baseObject);
          await gates.pass(request.baseObject);
          operation.done();
        },
      },
    });
    const idle = await client();
    const busy = await client();
    busy.request(1, search("cn=running"));
    await gates.reached("cn=running");
    // Half of it is patience.
    const timeoutMs = 1_000;
    const drainedAtMs = performance.now();
    const drained = server.drain(timeoutMs);
    expect(await isRefused(port)).toBe(true);
    expect(await idle.untilClosed()).toEqual([shuttingDown]);
    await eventually(() => performance.now() - drainedAtMs > timeoutMs / 2 + 100);
    busy.request(2, search("cn=late"));
    gates.open("cn=running");
    expect(await busy.untilClosed()).toEqual([[1, result("searchResultDone")], shuttingDown]);
    busy.destroy();
    idle.destroy();
    expect(await drained).toBe(0);
    expect(begun).toEqual(["cn=running"]);
    await expect(server.listen({ port: 0 })).rejects.toThrow("has been closed");
  });

  // A login over two servers' names: whoever has connected to one does not ask the other.
  it("lets a client that asks one thing after the other come to its end, and one that has just connected", async () => {
    const { client, server } = await start({
      handler: {
        bind: (_request, operation) => operation.end(ResultCode.success),
        search: (_request, operation) => operation.done(),
      },
    });
    const fresh = await client();
    const another = await client();
    another.request(1, bind("uid=ann", "secret"));
    expect(await another.next()).toEqual([1, bindResponse(0)]);
    const drained = server.drain(10_000);
    fresh.request(1, bind("uid=bob", "secret"));
    another.request(2, search("dc=com"));
    expect(await fresh.next()).toEqual([1, bindResponse(0)]);
    expect(await another.next()).toEqual([2, result("searchResultDone")]);
    fresh.request(2, search("dc=com"));
    expect(await fresh.next()).toEqual([2, result("searchResultDone")]);
    another.request(3, { type: "unbindRequest" });
    expect(await another.untilClosed()).toEqual([]);
    expect(await fresh.untilClosed()).toEqual([shuttingDown]);
    fresh.destroy();
    expect(await drained).toBe(0);
  });

  it("cuts off what has not ended within its time, and says how many", async () => {
    const gates = new Gates();
    const ended: OperationEnded["outcome"][] = [];
    const { client, server } = await start({
      handler: gatedSearch(gates),
      observer: { operationEnded: ({ outcome }) => void ended.push(outcome) },
    });
    const busy = await client();
    busy.request(1, search("cn=endless"));
    await gates.reached("cn=endless");
    expect(await server.drain(20)).toBe(1);
    expect(await busy.untilClosed()).toEqual([shuttingDown]);
    expect(ended).toEqual(["disconnected"]);
  });
});

describe("closing", () => {
  it("sends every session a notice and is done at once", async () => {
    const gates = new Gates();
    const { client, server } = await start({ handler: gatedSearch(gates) });
    const [idle, busy] = [await client(), await client()];
    busy.request(1, search("cn=endless"));
    await gates.reached("cn=endless");
    await server.close();
    expect(await idle.untilClosed()).toEqual([shuttingDown]);
    expect(await busy.untilClosed()).toEqual([shuttingDown]);
    expect(server.connections).toBe(0);
    expect(server.addresses).toEqual([]);
  });

  it("of a server that never listened is nothing", async () => {
    await createLdapServer({ handler: {} }).close();
    expect(await createLdapServer({ handler: {} }).drain(1000)).toBe(0);
  });
});

describe("listening", () => {
  it("works on several addresses and ports at once", async () => {
    const { server, port } = await start({
      tls: firstCertificate,
      handler: {
        bind: (_request, operation) =>
          operation.end({ resultCode: 0, diagnosticMessage: `${operation.session.localPort}` }),
      },
    });
    const second = await server.listen({ host: "127.0.0.1", port: 0 });
    const secure = await server.listen({ host: "127.0.0.1", port: 0, secure: true });
    expect(server.addresses.map((address) => address.port)).toEqual([port, second.port, secure.port]);
    for (const raw of [
      await RawClient.connect(port),
      await RawClient.connect(second.port),
      await RawClient.connectTls(secure.port),
    ]) {
      raw.request(1, bind("", ""));
      expect(await raw.next()).toEqual([1, bindResponse(0, String(raw.socket.remotePort))]);
      raw.destroy();
    }
  });

  it("shares a port with another server where both say so, and fails where they do not", async () => {
    const { port, server } = await start({ handler: {} });
    await expect(createLdapServer({ handler: {} }).listen({ host: "127.0.0.1", port })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    const shared = await server.listen({ host: "127.0.0.1", port: 0, reusePort: true });
    const other = createLdapServer({ handler: {} });
    expect(await other.listen({ host: "127.0.0.1", port: shared.port, reusePort: true })).toEqual(shared);
    await other.close();
  });
});

describe("what an observer is told", () => {
  it("a connection's beginning and end with its bytes, and each operation with its result", async () => {
    const closed: Omit<ConnectionClosed, "session">[] = [];
    const ended: Omit<OperationEnded, "session" | "durationMs">[] = [];
    const sessions: string[] = [];
    const { client } = await start({
      handler: {
        search(_request, operation) {
          operation.entry({ objectName: "cn=a", attributes: [] });
          operation.entry({ objectName: "cn=b", attributes: [] });
          operation.done({ resultCode: ResultCode.sizeLimitExceeded, diagnosticMessage: "two are enough" });
        },
      },
      observer: {
        connectionOpened: ({ id, remoteAddress }) => void sessions.push(`opened ${id} ${remoteAddress}`),
        connectionClosed({ session, ...event }) {
          sessions.push(`closed ${session.id}`);
          closed.push(event);
        },
        operationEnded({ session: _session, durationMs, ...event }) {
          expect(durationMs).toBeGreaterThanOrEqual(0);
          ended.push(event);
        },
      },
    });
    const raw = await client();
    raw.request(3, search("dc=com"));
    await raw.take(3);
    raw.request(4, { type: "unbindRequest" });
    await eventually(() => closed.length === 1);
    expect(ended).toEqual([
      {
        messageId: 3,
        request: search("dc=com"),
        outcome: "answered",
        resultCode: ResultCode.sizeLimitExceeded,
        diagnosticMessage: "two are enough",
        entries: 2,
      },
    ]);
    expect(sessions).toEqual(["opened 1 127.0.0.1", "closed 1"]);
    expect(closed).toEqual([
      { reason: "unbind", bytesRead: raw.socket.bytesWritten, bytesWritten: raw.socket.bytesRead },
    ]);
  });
});

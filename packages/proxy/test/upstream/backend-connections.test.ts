import { ResultCode } from "@espalier/ldap";
import { freePort, until } from "@espalier/tests/lab";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BackendConnections } from "../../src/upstream/backend-connections.ts";
import type { UpstreamLost } from "../../src/upstream/response-receiver.ts";
import { UpstreamBusy, UpstreamUnavailable } from "../../src/upstream/upstream-error.ts";
import { account, anonymous, identityOf, inMs, service, TestPool, user } from "./pool-options.ts";
import { frameOf, leave, Recorder, search, simpleBind } from "./requests.ts";
import { answerSuccess, bindResponse, TestServer } from "./test-server.ts";

let server: TestServer;

beforeEach(async () => {
  server = await TestServer.listen();
});

afterEach(() => server[Symbol.asyncDispose]());

describe("leases", () => {
  it("are for one holder, and used again with the identity that they have", async () => {
    await using pool = new TestPool(server.url);
    const ann = await pool.lease(identityOf(user("ann")), "a", inMs(2_000));
    const bob = await pool.lease(identityOf(user("bob")), "b", inMs(2_000));
    expect(bob).not.toBe(ann);
    ann.identity = identityOf(user("ann"));
    bob.identity = identityOf(user("bob"));
    pool.giveBack(ann);
    pool.giveBack(bob);
    expect(pool.lease(identityOf(user("ann")), "c", inMs(2_000))).toBe(ann);
    expect(pool.lease(identityOf(user("cid")), "d", inMs(2_000))).toBe(bob);
    expect([ann.isExclusive, server.connections.length]).toEqual([true, 2]);
  });

  it("are bound anonymously before they are shared", async () => {
    await using pool = new TestPool(server.url);
    const lease = await pool.lease(identityOf(user("ann")), "a", inMs(2_000));
    lease.identity = identityOf(user("ann"));
    pool.giveBack(lease);
    const connection = await pool.shared(anonymous, "b", inMs(2_000));
    expect(connection).toBe(lease);
    expect([connection.identity, connection.isExclusive, server.boundNames]).toEqual([anonymous, false, [""]]);
  });

  it("that cannot be made anonymous are replaced by a connection that is", async () => {
    server.onMessage = (message, connection) => {
      if (message.protocolOp.type === "bindRequest") connection.answer(message.messageId, bindResponse(48));
      else answerSuccess(message, connection);
    };
    await using pool = new TestPool(server.url);
    const lease = await pool.lease(anonymous, "a", inMs(2_000));
    lease.identity = identityOf(user("ann"));
    pool.giveBack(lease);
    const connection = await pool.shared(anonymous, "b", inMs(2_000));
    expect([connection === lease, connection.identity, lease.isOpen]).toEqual([false, anonymous, false]);
  });

  it("take shared connections that nobody uses when there can be no more, and give them back", async () => {
    await using pool = new TestPool(server.url, { maxConnections: 2, service: account });
    await leave(await pool.shared(anonymous, "a", inMs(2_000))).ended();
    await leave(await pool.shared(service, "a", inMs(2_000))).ended();
    const leases = [await pool.lease(anonymous, "b", inMs(2_000)), await pool.lease(anonymous, "c", inMs(2_000))];
    expect(new Set(leases).size).toBe(2);
    const shared = pool.shared(anonymous, "a", inMs(2_000));
    expect(shared).toBeInstanceOf(Promise);
    for (const lease of leases) lease.identity = { kind: "unknown" };
    pool.giveBack(leases[0]!);
    const connection = await shared;
    expect([connection.identity, pool.open]).toEqual([anonymous, 2]);
    expect(server.connections.length).toBe(2);
  });

  it("wait for one that is given back, clients in turn", async () => {
    await using pool = new TestPool(server.url, { maxConnections: 1 });
    const order: string[] = [];
    const use = async (client: string) => {
      const connection = await pool.lease(anonymous, client, inMs(5_000));
      order.push(client);
      await leave(connection).ended();
      pool.giveBack(connection);
    };
    await Promise.all([use("a"), use("a"), use("a"), use("b"), use("c")]);
    expect(order).toEqual(["a", "b", "c", "a", "a"]);
    expect(server.connections.length).toBe(1);
  });

  it("given back with requests outstanding wait for the answers", async () => {
    await using pool = new TestPool(server.url, { maxConnections: 1 });
    const held = server.holdSearches();
    const lease = await pool.lease(anonymous, "a", inMs(2_000));
    const receiver = leave(lease);
    pool.giveBack(lease);
    const next = pool.lease(anonymous, "b", inMs(2_000));
    await until("the request at the backend", () => server.connections[0]!.received.length === 1);
    held.release();
    expect(await next).toBe(lease);
    expect(receiver.hasEnded).toBe(true);
  });

  it("given back while a bind is outstanding end", async () => {
    server.onMessage = () => undefined;
    await using pool = new TestPool(server.url);
    const lease = await pool.lease(anonymous, "a", inMs(2_000));
    const receiver = new Recorder();
    lease.send(frameOf(1, simpleBind("cn=a", "secret")), receiver);
    pool.giveBack(lease);
    expect(lease.lost?.code).toBe("ERR_UPSTREAM_RETIRED");
    expect(receiver.losses.length).toBe(1);
    expect(pool.open).toBe(0);
  });

  it("given back paused are read again", async () => {
    await using pool = new TestPool(server.url, { maxConnections: 1 });
    const lease = await pool.lease(anonymous, "a", inMs(2_000));
    lease.pause();
    const abandoned = lease.send(frameOf(1, search()), new Recorder());
    lease.abandon(abandoned);
    lease.pause();
    pool.giveBack(lease);
    await leave(await pool.lease(anonymous, "b", inMs(2_000))).ended();
  });

  it("that retired end when they are given back, and their holder can tell", async () => {
    await using pool = new TestPool(server.url);
    const lease = await pool.lease(anonymous, "a", inMs(2_000));
    pool.drain();
    expect([lease.isOpen, lease.isRetiring]).toEqual([true, true]);
    await leave(lease).ended();
    pool.giveBack(lease);
    expect(lease.isOpen).toBe(false);
    expect(await pool.lease(anonymous, "a", inMs(2_000))).not.toBe(lease);
  });

  it("are given back once", async () => {
    await using pool = new TestPool(server.url);
    const lease = await pool.lease(anonymous, "a", inMs(2_000));
    pool.giveBack(lease);
    pool.giveBack(lease);
    expect(pool.lease(anonymous, "a", inMs(2_000))).toBe(lease);
    const other = pool.lease(anonymous, "b", inMs(2_000));
    expect(other).toBeInstanceOf(Promise);
    expect(await other).not.toBe(lease);
  });

  it("with a PROXY header name their client, and are nobody else's afterwards", async () => {
    const headers: string[] = [];
    const { createServer } = await import("node:net");
    const proxied = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (chunk: Buffer) => headers.push(chunk.subarray(12, 20).toString("hex")));
    });
    await new Promise<void>((resolve) => proxied.listen(0, "127.0.0.1", resolve));
    const { port } = proxied.address() as { port: number };
    const pool = new TestPool(`ldap://127.0.0.1:${port}`, { sendsProxyHeader: true, maxConnections: 1 });
    const lease = await pool.lease(anonymous, "a", inMs(2_000), { address: "192.0.2.7", port: 99 });
    pool.giveBack(lease);
    expect(lease.isOpen).toBe(false);
    const other = await pool.lease(anonymous, "a", inMs(2_000), { address: "192.0.2.8", port: 99 });
    pool.giveBack(other);
    await pool.shared(anonymous, "a", inMs(2_000));
    await until("three headers", () => headers.length === 3);
    expect(headers).toEqual(["2111000cc0000207", "2111000cc0000208", "20000000"]);
    await pool.close();
    proxied.close();
  });
});

describe("bind connections", () => {
  it("are as many at a time as allowed, and others wait", async () => {
    await using pool = new TestPool(server.url);
    const first = await pool.bindConnection("a", inMs(2_000));
    const second = await pool.bindConnection("b", inMs(2_000));
    const third = pool.bindConnection("c", inMs(2_000));
    const late = pool.bindConnection("d", inMs(50));
    await expect(late).rejects.toThrow(UpstreamBusy);
    await first.request(simpleBind("cn=a", "secret"));
    pool.giveBack(first);
    expect(await third).toBe(first);
    pool.giveBack(second);
    expect(server.connections.length).toBe(2);
  });

  it("make room when they end", async () => {
    await using pool = new TestPool(server.url, { bindConnections: 1 });
    const first = await pool.bindConnection("a", inMs(2_000));
    const second = pool.bindConnection("b", inMs(2_000));
    server.connections[0]!.socket.destroy();
    expect(await second).not.toBe(first);
    pool.giveBack(first);
    await expect(pool.bindConnection("c", inMs(50))).rejects.toThrow(UpstreamBusy);
  });
});

describe("a backend that cannot be reached", () => {
  it("is unavailable at once, and while it is waited to try again", async () => {
    const failures: UpstreamLost[] = [];
    const url = `ldap://127.0.0.1:${await freePort()}`;
    await using pool = new TestPool(url, { onFailure: (lost) => failures.push(lost), random: () => 0.99 });
    const asked = [
      () => pool.shared(anonymous, "a", inMs(2_000)),
      () => pool.lease(anonymous, "a", inMs(2_000)),
      () => pool.bindConnection("a", inMs(2_000)),
    ];
    const startMs = performance.now();
    for (const ask of [...asked, ...asked]) {
      await expect(ask()).rejects.toMatchObject({
        name: "UpstreamUnavailable",
        lost: { code: "ERR_UPSTREAM_CONNECT" },
      });
    }
    expect(performance.now() - startMs).toBeLessThan(1_000);
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.length).toBeLessThan(6);
  });

  it("is had again when it comes back, at once when a check has found it", async () => {
    const port = await freePort();
    await using pool = new TestPool(`ldap://127.0.0.1:${port}`, { random: () => 0.99 });
    for (let at = 0; at < 30; at++)
      await Promise.resolve(pool.shared(anonymous, "a", inMs(2_000))).catch(() => undefined);
    await using back = await TestServer.listen(answerSuccess, port);
    await pool.check(search(), 2_000);
    await leave(await pool.shared(anonymous, "a", inMs(2_000))).ended();
    expect(back.connections.length).toBe(2);
  });

  it("is told to passive health, as is its first answer afterwards", async () => {
    const told: string[] = [];
    await using pool = new TestPool(server.url, {
      onFailure: ({ code }) => told.push(code),
      onSuccess: () => told.push("success"),
    });
    const connection = await pool.shared(anonymous, "a", inMs(2_000));
    await leave(connection).ended();
    await leave(connection).ended();
    const held = server.holdSearches();
    const receiver = leave(connection);
    await until("the request", () => server.connections[0]!.received.length === 3);
    server.connections[0]!.socket.resetAndDestroy();
    await receiver.ended();
    held.release();
    await leave(await pool.shared(anonymous, "a", inMs(2_000))).ended();
    expect(told).toEqual(["success", "ERR_UPSTREAM_CLOSED", "success"]);
    // What it closes while nothing is outstanding says nothing.
    server.open[0]!.socket.end();
    await until("the end", () => pool.open === 0);
    expect(told.length).toBe(3);
  });

  it("opens no more connections at a time than the cap, however many ask", async () => {
    await using pool = new TestPool(server.url, { maxConnections: 50 });
    const leases = Array.from({ length: 40 }, (_, at) => pool.lease(anonymous, at, inMs(5_000)));
    expect(new Set(await Promise.all(leases)).size).toBe(40);
    expect(pool.open).toBe(40);
  });
});

describe("checks", () => {
  it("go over a connection of their own, one after the other", async () => {
    await using pool = new TestPool(server.url, { maxConnections: 1 });
    await pool.lease(anonymous, "a", inMs(2_000));
    let most = 0;
    let current = 0;
    server.onMessage = (message, connection) => {
      most = Math.max(most, ++current);
      setImmediate(() => {
        current--;
        answerSuccess(message, connection);
      });
    };
    const answers = await Promise.all(Array.from({ length: 5 }, () => pool.check(search(), 2_000)));
    expect(answers.map(({ result }) => result.resultCode)).toEqual([0, 0, 0, 0, 0]);
    expect([most, pool.open, pool.outstanding, server.connections.length]).toEqual([1, 1, 0, 2]);
  });

  it("fail in time when the backend does not answer, and the connection is not used again", async () => {
    server.onMessage = () => undefined;
    await using pool = new TestPool(server.url);
    await expect(pool.check(search(), 100)).rejects.toMatchObject({ lost: { code: "ERR_UPSTREAM_HUNG" } });
    server.onMessage = answerSuccess;
    await pool.check(search(), 2_000);
    expect(server.connections.length).toBe(2);
  });

  it("take a new connection when the backend has closed the old one", async () => {
    await using pool = new TestPool(server.url);
    await pool.check(search(), 2_000);
    server.onMessage = (_, { socket }) => {
      server.onMessage = answerSuccess;
      socket.destroy();
    };
    expect((await pool.check(search(), 2_000)).result.resultCode).toBe(ResultCode.success);
    expect(server.connections.length).toBe(2);
  });
});

describe("silence", () => {
  it("of a bind is no hang while the backend answers checks", async () => {
    const held: (() => void)[] = [];
    server.onMessage = (message, connection) => {
      if (message.protocolOp.type === "bindRequest") held.push(() => answerSuccess(message, connection));
      else answerSuccess(message, connection);
    };
    await using pool = new TestPool(server.url, { checkTimeoutMs: 200 });
    const connection = await pool.bindConnection("a", inMs(2_000));
    const receiver = new Recorder();
    connection.send(frameOf(1, simpleBind("cn=a", "secret")), receiver);
    const checks = () =>
      server.connections.at(-1)!.received.filter(({ protocolOp }) => protocolOp.type === "searchRequest");
    await until("three checks", () => server.connections.length === 2 && checks().length >= 3);
    expect(connection.isOpen).toBe(true);
    held[0]!();
    await receiver.ended();
    expect(receiver.responses.map(({ op }) => op.type)).toEqual(["bindResponse"]);
  });

  it("of a bind is a hang when the backend answers nothing", async () => {
    server.onMessage = () => undefined;
    await using pool = new TestPool(server.url, { checkTimeoutMs: 400 });
    const connection = await pool.bindConnection("a", inMs(2_000));
    const receiver = new Recorder();
    const startMs = performance.now();
    connection.send(frameOf(1, simpleBind("cn=a", "secret")), receiver);
    await receiver.ended();
    expect(receiver.losses).toMatchObject([{ lost: { code: "ERR_UPSTREAM_HUNG" }, sent: true }]);
    expect(performance.now() - startMs).toBeLessThan(800);
  });

  it("of idle connections is broken by probes", async () => {
    await using pool = new TestPool(server.url, { checkTimeoutMs: 200, keepAliveMs: 50 });
    const lease = await pool.lease(anonymous, "a", inMs(2_000));
    await until("three probes", () => server.connections[0]!.received.length >= 3);
    server.onMessage = () => undefined;
    await until("the hang to be noticed", () => !lease.isOpen);
    expect(lease.lost?.code).toBe("ERR_UPSTREAM_HUNG");
  });
});

describe("age", () => {
  it("replaces a shared connection without a moment in which there is none", async () => {
    await using pool = new TestPool(server.url, { checkTimeoutMs: 160, maxAgeMs: 300 });
    const first = await pool.shared(anonymous, "a", inMs(2_000));
    const held = server.holdSearches();
    leave(first);
    await until("another connection", () => {
      const connection = pool.shared(anonymous, "a", inMs(2_000));
      expect(connection).not.toBeInstanceOf(Promise);
      return connection !== first;
    });
    await until("the first to retire", () => first.isRetiring);
    expect(first.isOpen).toBe(true);
    held.release();
    await until("the end of the first", () => !first.isOpen);
  });

  it("ends a lease when it is given back, and is spread", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const numbers = [0, 0.9];
      await using pool = new TestPool(server.url, { maxAgeMs: 1_000_000, random: () => numbers.shift() ?? 0 });
      const first = await pool.lease(anonymous, "a", inMs(2_000));
      const second = await pool.lease(anonymous, "b", inMs(2_000));
      vi.advanceTimersByTime(950_000);
      pool.giveBack(first);
      pool.giveBack(second);
      expect([first.isOpen, second.isOpen]).toEqual([true, false]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("is short for connections of a client's identity that nobody uses", async () => {
    await using pool = new TestPool(server.url, { checkTimeoutMs: 160, keepAliveMs: 50 });
    const connection = await pool.shared(user("ann"), "a", inMs(2_000));
    await leave(connection).ended();
    await until("the end", () => !connection.isOpen);
    expect(connection.lost?.code).toBe("ERR_UPSTREAM_RETIRED");
  });
});

describe("a name whose address changes", () => {
  it("draws its connections to the new address", async () => {
    let address = "127.0.0.1";
    await using pool = new TestPool(`ldap://name.example:${server.port}`, {
      checkTimeoutMs: 160,
      resolveIntervalMs: 100,
      resolver: { addresses: async () => [address], services: async () => [] },
    });
    const first = await pool.shared(anonymous, "a", inMs(2_000));
    address = "127.0.0.2";
    await until("the connection to the old address to retire", () => !first.isOpen);
    await expect(pool.shared(anonymous, "a", inMs(2_000))).rejects.toThrow("127.0.0.2");
  });
});

describe("the end", () => {
  it("by force ends every connection, and tells who waits for answers", async () => {
    await using pool = new TestPool(server.url);
    server.onMessage = () => undefined;
    const receiver = leave(await pool.shared(anonymous, "a", inMs(2_000)));
    const lost = { code: "ERR_UPSTREAM_RETIRED", message: "kicked" } as const;
    pool.kick(lost);
    expect(receiver.losses.map(({ lost }) => lost)).toEqual([lost]);
    expect([pool.open, pool.pending]).toEqual([0, 0]);
  });

  it("for good waits for answers, refuses who waits and whoever comes", async () => {
    const held = server.holdSearches();
    const pool: BackendConnections = new TestPool(server.url, { maxPending: 1 });
    const connection = await pool.shared(anonymous, "a", inMs(2_000));
    const receiver = leave(connection);
    const waiting = pool.shared(anonymous, "b", inMs(2_000));
    const lease = await pool.lease(anonymous, "c", inMs(2_000));
    await until("the request", () => server.connections.some(({ received }) => received.length === 1));
    let isClosed = false;
    const closed = pool.close(10_000).then(() => {
      isClosed = true;
    });
    await expect(waiting).rejects.toThrow(UpstreamUnavailable);
    await expect(pool.lease(anonymous, "b", inMs(2_000))).rejects.toThrow("no longer uses this backend");
    await expect(pool.check(search(), 1_000)).rejects.toThrow("no longer uses this backend");
    held.release();
    await receiver.ended();
    expect(receiver.losses).toEqual([]);
    expect(isClosed).toBe(false);
    pool.giveBack(lease);
    await closed;
    await until("unbinds", () =>
      server.connections.every(({ received }) => received.at(-1)?.protocolOp.type === "unbindRequest"),
    );
  });

  it("for good does not wait longer than it is told", async () => {
    server.onMessage = () => undefined;
    const pool: BackendConnections = new TestPool(server.url);
    const receiver = leave(await pool.shared(anonymous, "a", inMs(2_000)));
    await pool.close(50);
    expect(receiver.losses.length).toBe(1);
  });
});

it("knows how fast the backend begins to answer", async () => {
  await using pool = new TestPool(server.url);
  expect(pool.latencyMs).toBeUndefined();
  await leave(await pool.shared(anonymous, "a", inMs(2_000))).ended();
  expect(pool.latencyMs).toBeGreaterThan(0);
  expect(pool.latencyMs).toBeLessThan(1_000);
});

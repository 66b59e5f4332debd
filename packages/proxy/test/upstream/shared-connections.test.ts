/** Connections that several clients use at a time. */
import { until } from "@espalier/tests/lab";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { UpstreamConnection } from "../../src/upstream/upstream-connection.ts";
import { UpstreamBindRefused, UpstreamBusy } from "../../src/upstream/upstream-error.ts";
import { account, anonymous, identityOf, inMs, service, TestPool, user } from "./pool-options.ts";
import { leave, type Recorder } from "./requests.ts";
import { answerSuccess, bindResponse, TestServer } from "./test-server.ts";

let server: TestServer;

beforeEach(async () => {
  server = await TestServer.listen();
});

afterEach(() => server[Symbol.asyncDispose]());

/** Searches that are held back, until `mostMeanwhile` lets them be answered and tells the most that it saw before each answer. */
function searchFromFourClients(pool: TestPool, count: number) {
  const held = server.holdSearches();
  const sent: Recorder[] = [];
  const ask = async (client: string) => sent.push(leave(await pool.shared(anonymous, client, inMs(5_000))));
  for (let at = 0; at < count; at++) void ask(`client ${at % 4}`);
  return {
    async mostMeanwhile(figure: () => number): Promise<number> {
      let most = 0;
      held.release();
      server.onMessage = (message, connection) => {
        most = Math.max(most, figure());
        answerSuccess(message, connection);
      };
      await until("everything to be answered", () => sent.length === count && sent.every(({ hasEnded }) => hasEnded));
      return most;
    },
  };
}

describe("shared connections", () => {
  it("are one connection for clients that ask together, and given at once when it is there", async () => {
    await using pool = new TestPool(server.url);
    const [first, second] = await Promise.all([
      pool.shared(anonymous, "a", inMs(2_000)),
      pool.shared(anonymous, "b", inMs(2_000)),
    ]);
    expect(second).toBe(first);
    expect(pool.shared(anonymous, "c", inMs(2_000))).toBe(first);
    await leave(first).ended();
    expect([pool.open, pool.pending, server.connections.length]).toEqual([1, 0, 1]);
  });

  it("become more under load, up to the limit, and the least busy one is given", async () => {
    await using pool = new TestPool(server.url, { sharedConnections: 3 });
    const held = server.holdSearches();
    leave(await pool.shared(anonymous, "a", inMs(2_000)));
    await until("three connections", async () => {
      leave(await pool.shared(anonymous, "a", inMs(2_000)));
      return pool.open === 3;
    });
    for (let at = 0; at < 30; at++) leave(await pool.shared(anonymous, "a", inMs(2_000)));
    const counts = [...pool.connections()].map(({ outstandingCount }) => outstandingCount);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    expect(pool.open).toBe(3);
    held.release();
    await until("all answers", () => pool.pending === 0);
  });

  it("of the proxy's account are bound as it, and never given before", async () => {
    await using pool = new TestPool(server.url, { service: account });
    server.onMessage = (message, connection) => {
      if (message.protocolOp.type === "bindRequest") expect(pool.pending).toBeGreaterThan(0);
      answerSuccess(message, connection);
    };
    const connection = await pool.shared(service, "a", inMs(2_000));
    expect([connection.identity, server.boundNames]).toEqual([service, ["cn=proxy"]]);
    await leave(await pool.shared(anonymous, "a", inMs(2_000))).ended();
    expect(server.connections.length).toBe(2);
  });

  it("of clients' identities are never given to another identity", async () => {
    await using pool = new TestPool(server.url);
    const ann = await pool.shared(user("ann"), "a", inMs(2_000));
    const bob = await pool.shared(user("bob"), "b", inMs(2_000));
    expect(bob).not.toBe(ann);
    expect([ann.identity, bob.identity]).toEqual([identityOf(user("ann")), identityOf(user("bob"))]);
    expect(pool.shared(user("ann"), "c", inMs(2_000))).toBe(ann);
    expect(server.boundNames).toEqual(["ann", "bob"]);
  });

  it("are not had when the backend refuses the bind, and it is not tried again at once", async () => {
    server.onMessage = (message, connection) => {
      if (message.protocolOp.type === "bindRequest") connection.answer(message.messageId, bindResponse(49, "no"));
      else answerSuccess(message, connection);
    };
    await using pool = new TestPool(server.url, { random: () => 0.99 });
    const refusals = await Promise.allSettled([
      pool.shared(user("ann"), "a", inMs(2_000)),
      pool.shared(user("ann"), "b", inMs(2_000)),
    ]);
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({
        reason: { resultCode: 49, diagnosticMessage: "no", name: "UpstreamBindRefused" },
      });
    }
    await expect(pool.shared(user("ann"), "a", inMs(2_000))).rejects.toThrow(UpstreamBindRefused);
    expect(server.boundNames).toEqual(["ann"]);
    server.onMessage = answerSuccess;
    await until("a bind that is taken", () => pool.shared(user("ann"), "a", inMs(2_000)));
  });

  it("cost one attempt of the account when the bind is refused, whatever else could be bound", async () => {
    let refuse: (() => void) | undefined;
    server.onMessage = (message, connection) => {
      if (message.protocolOp.type !== "bindRequest") answerSuccess(message, connection);
      else refuse = () => connection.answer(message.messageId, bindResponse(49));
    };
    await using pool = new TestPool(server.url);
    for (const retires of [false, true]) {
      const refusal = expect(pool.shared(user(`ann ${retires}`), "a", inMs(2_000))).rejects.toThrow(
        UpstreamBindRefused,
      );
      await until("the bind", () => refuse);
      if (retires) pool.drain();
      pool.giveBack(await pool.lease(anonymous, "b", inMs(2_000)));
      refuse?.();
      refuse = undefined;
      await refusal;
      await leave(await pool.shared(anonymous, "b", inMs(2_000))).ended();
    }
    expect(server.boundNames).toEqual(["ann false", "ann true"]);
  });

  it("are not taken for something else in the turn in which they were given", async () => {
    await using pool = new TestPool(server.url, { maxConnections: 1, service: account });
    await leave(await pool.shared(anonymous, "a", inMs(2_000))).ended();
    const given = pool.shared(anonymous, "a", inMs(2_000)) as UpstreamConnection;
    const other = pool.shared(service, "b", inMs(2_000));
    await Promise.resolve();
    expect([given.identity, given.isBinding]).toEqual([anonymous, false]);
    await leave(given).ended();
    expect((await other).identity).toEqual(service);
  });

  it("wait while as much is outstanding as may be, and go on as answers come", async () => {
    await using pool = new TestPool(server.url, { maxPending: 10 });
    const searches = searchFromFourClients(pool, 40);
    await until("ten at the backend", () => pool.outstanding === 10);
    expect([pool.waiting, pool.pending]).toEqual([30, 40]);
    expect(await searches.mostMeanwhile(() => pool.outstanding)).toBeLessThanOrEqual(10);
    expect(pool.pending).toBe(0);
  });

  it("never have more than 64 requests each, which a server may close them for, and others wait", async () => {
    await using pool = new TestPool(server.url, { maxPending: 1_000 });
    const searches = searchFromFourClients(pool, 400);
    const counts = () => [...pool.connections()].map(({ outstandingCount }) => outstandingCount);
    await until("both connections to be full", () => pool.outstanding === 128);
    expect([counts(), pool.waiting]).toEqual([[64, 64], 272]);
    expect(await searches.mostMeanwhile(() => Math.max(...counts()))).toBeLessThanOrEqual(64);
    expect([pool.pending, pool.open]).toEqual([0, 2]);
  });

  it("are refused as busy at the deadline, and to a client that has gone", async () => {
    await using pool = new TestPool(server.url, { maxPending: 1 });
    const held = server.holdSearches();
    leave(await pool.shared(anonymous, "a", inMs(2_000)));
    const gone = pool.shared(anonymous, "gone", inMs(60_000));
    const late = pool.shared(anonymous, "late", inMs(50));
    pool.cancel("gone");
    await expect(gone).rejects.toThrow("its client has gone");
    await expect(late).rejects.toThrow(UpstreamBusy);
    expect(pool.waiting).toBe(0);
    held.release();
  });

  it("leave a lane to its large result", async () => {
    await using pool = new TestPool(server.url);
    const held = server.holdSearches();
    const lane = await pool.shared(anonymous, "a", inMs(2_000));
    const large = leave(lane);
    lane.makeLane();
    const other = await pool.shared(anonymous, "b", inMs(2_000));
    expect(other).not.toBe(lane);
    leave(other);
    held.release();
    await large.ended();
    expect(lane.isLane).toBe(false);
    await until("the answers", () => pool.pending === 0);
    const heldAgain = server.holdSearches();
    for (let at = 0; at < 4; at++) leave(await pool.shared(anonymous, "b", inMs(2_000)));
    expect([lane.outstandingCount, other.outstandingCount]).toEqual([2, 2]);
    heldAgain.release();
  });

  describe("to a server that does not bear pipelining", () => {
    const bearsPipelining = () => false;
    // Time passes when a test says so: a machine that is held up for 100 ms would make them impatient.
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ["performance"] });
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    it("have one request each, are four times as many, and others wait", async () => {
      await using pool = new TestPool(server.url, { bearsPipelining });
      const held = server.holdSearches();
      const sent: Recorder[] = [];
      for (let at = 0; at < 8; at++) sent.push(leave(await pool.shared(anonymous, at, inMs(5_000))));
      expect([...pool.connections()].map(({ outstandingCount }) => outstandingCount)).toEqual(Array(8).fill(1));
      const ninth = pool.shared(anonymous, "ninth", inMs(5_000));
      expect([ninth instanceof Promise, pool.waiting]).toEqual([true, 1]);
      held.release();
      expect((await ninth).outstandingCount).toBe(0);
      await Promise.all(sent.map((receiver) => receiver.ended()));
    });

    it("take a request behind others once it has waited for as long as it could be held back", async () => {
      await using pool = new TestPool(server.url, { bearsPipelining, sharedConnections: 1 });
      const held = server.holdSearches();
      const persistent: Recorder[] = [];
      for (let at = 0; at < 4; at++) persistent.push(leave(await pool.shared(anonymous, at, inMs(5_000))));
      const waiting = pool.shared(anonymous, "late", inMs(5_000));
      vi.advanceTimersByTime(99);
      pool.serve();
      expect(pool.waiting).toBe(1);
      vi.advanceTimersByTime(1);
      const late = leave(await waiting);
      expect([...pool.connections()].map(({ outstandingCount }) => outstandingCount).toSorted()).toEqual([1, 1, 1, 2]);
      held.release();
      await Promise.all([late, ...persistent].map((receiver) => receiver.ended()));
    });
  });
});

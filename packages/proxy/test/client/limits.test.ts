import { once } from "node:events";
import { until } from "@espalier/tests/lab";
import { describe, expect, it } from "vitest";
import { resolveClientLimits } from "../../src/client/client-limits.ts";
import { bind, connectTo, empty, listening, received, request, search } from "./listening.ts";

describe("the limits", () => {
  it("of connections in all and of one address turn the next away with a notice, until one has left", async () => {
    const target = await listening({ host: "::", limits: { maxConnections: 3, maxConnectionsPerAddress: 2 } });
    const v4 = { host: "127.0.0.1", port: target.port };
    const v6 = { host: "::1", port: target.port };
    const [first] = [await connectTo(v4), await connectTo(v4)];
    await until("both", () => target.sessions.length === 2);
    const notice = "0 extendedResponse unavailable: too many connections; try again later";
    expect(await received(await connectTo(v4))).toEqual([notice]);
    await connectTo(v6);
    await until("the third", () => target.sessions.length === 3);
    expect(await received(await connectTo(v6))).toEqual([notice]);
    first.destroy();
    await until("its end", () => target.listeners.size === 2);
    await connectTo(v4);
    await until("the one in its place", () => target.sessions.length === 4);
    expect(target.observed.filter((line) => line.startsWith("refused"))).toEqual([
      "refused tooManyConnectionsOfAddress of 127.0.0.1",
      "refused tooManyConnections of ::1",
    ]);
  });

  it("of time end a session on which nothing happens, an anonymous one sooner", async () => {
    const target = await listening({ limits: { idleTimeoutMs: 500, anonymousIdleTimeoutMs: 100 } });
    const bound = await connectTo(target);
    bound.write(request(1, bind("cn=ann")));
    await once(bound, "data");
    const boundAt = performance.now();
    const anonymous = await connectTo(target);
    const notice = "0 extendedResponse unavailable: the session was idle for too long";
    expect(await received(anonymous)).toEqual([notice]);
    await until("its end", () => target.listeners.size === 1);
    expect(target.observed.filter((line) => line.startsWith("closed"))).toEqual(["closed idleTimeout"]);
    expect(await received(bound)).toEqual([notice]);
    expect(performance.now() - boundAt).toBeGreaterThan(300);
  });

  it("of time leave a session alone while an answer is outstanding", async () => {
    const target = await listening({ limits: { anonymousIdleTimeoutMs: 50 } });
    const waiting = await connectTo(target);
    waiting.write(request(1, search("cn=wait")));
    await until("the request", () => target.sessions[0]?.hasOutstanding);
    const others = Array.from({ length: 3 }, async () => received(await connectTo(target)));
    await Promise.all(others);
    expect(target.sessions[0]?.log).toEqual(["search cn=wait"]);
    target.sessions[0]?.answerAll();
    expect(await received(waiting)).toEqual([
      "1 searchResultDone success",
      "0 extendedResponse unavailable: the session was idle for too long",
    ]);
  });

  it("of time end a message that does not", async () => {
    const target = await listening({ limits: { messageTimeoutMs: 100 } });
    const socket = await connectTo(target);
    socket.write(request(1, search("cn=a")).subarray(0, -1));
    expect(await received(socket)).toEqual([
      "0 extendedResponse protocolError: a message was begun and not completed in time",
    ]);
    await empty(target);
    expect(target.observed).toEqual(["opened 127.0.0.1", "closed messageTimeout"]);
  });

  it("of time hold for a client that drips one byte after the other", async () => {
    const target = await listening({ limits: { messageTimeoutMs: 200 } });
    const socket = await connectTo(target);
    const answers = received(socket);
    socket.write(Buffer.from("30820fff", "hex"));
    const drip = setInterval(() => socket.write(Buffer.of(2)), 10);
    expect(await answers).toEqual([expect.stringMatching(/^0 extendedResponse protocolError: a message was begun/)]);
    clearInterval(drip);
  });

  it("close a client that does not close when it was told to", async () => {
    const target = await listening({ limits: { messageTimeoutMs: 100 } });
    const socket = await connectTo(target);
    socket.pause();
    socket.write(request(1, search("cn=a")).subarray(0, -1));
    await until("the notice", () => target.sessions[0]?.log.includes("closed"));
    expect(target.listeners.size).toBe(1);
    await empty(target);
  });

  it("of time for an anonymous session are never longer than for a bound one, unless somebody says so", () => {
    const anonymous = [{}, { idleTimeoutMs: 60_000 }, { idleTimeoutMs: 0 }].map(
      (limits) => resolveClientLimits(limits).anonymousIdleTimeoutMs,
    );
    expect(anonymous).toEqual([600_000, 60_000, 600_000]);
  });

  it("are whole numbers in their range", () => {
    expect(() => resolveClientLimits({ maxConnections: 0 })).toThrow(
      new RangeError("limits.maxConnections must be a whole number of at least 1, not 0"),
    );
    expect(() => resolveClientLimits({ idleTimeoutMs: Number.NaN })).toThrow(RangeError);
    expect(resolveClientLimits({ idleTimeoutMs: 0 }).idleTimeoutMs).toBe(0);
  });
});

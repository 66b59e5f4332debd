import { once } from "node:events";
import { until } from "@espalier/tests/lab";
import { describe, expect, it } from "vitest";
import { connectTo, listening, messagesOf, received, request, search, summary, unbind } from "./listening.ts";

const notice = "0 extendedResponse unavailable: the server is shutting down";

describe("a drain", () => {
  it("refuses new clients, tells idle ones, and lets busy ones have their answers first", async () => {
    const target = await listening();
    const idle = await connectTo(target);
    const busy = await connectTo(target);
    busy.write(request(1, search("cn=wait")));
    await until("the request", () => target.sessions[1]?.hasOutstanding);
    const drained = target.listeners.drain(20_000);
    expect(await received(idle)).toEqual([notice]);
    await expect(connectTo(target)).rejects.toThrow("ECONNREFUSED");
    expect(target.sessions[1]?.log).toEqual(["search cn=wait"]);
    target.sessions[1]?.answerAll();
    expect(await received(busy)).toEqual(["1 searchResultDone success", notice]);
    expect(await drained).toBe(0);
    expect(target.observed.filter((line) => line.startsWith("closed"))).toEqual(["closed drained", "closed drained"]);
  });

  it("serves a client that asks one thing after the other until it leaves", async () => {
    const target = await listening();
    const socket = await connectTo(target);
    let messageId = 0;
    const askFor = async (durationMs: number) => {
      for (const end = performance.now() + durationMs; performance.now() < end; ) {
        socket.write(request(++messageId, search("cn=a")));
        const [chunk] = await once(socket, "data");
        expect(messagesOf(chunk).map(summary)).toEqual([
          `${messageId} searchResultEntry`,
          `${messageId} searchResultDone success`,
        ]);
      }
    };
    // The clock that a session's last request is read from is as coarse as a second before a drain.
    await askFor(700);
    const drained = target.listeners.drain(60_000);
    await askFor(1_500);
    socket.write(request(++messageId, unbind));
    expect(await drained).toBe(0);
    expect(target.observed.at(-1)).toBe("closed unbind");
  });

  it("begins nothing further from half of its time on, and answers what was begun", async () => {
    const target = await listening();
    const socket = await connectTo(target);
    socket.write(request(1, search("cn=wait")));
    await until("the request", () => target.sessions[0]?.hasOutstanding);
    const drained = target.listeners.drain(1_000);
    await until("its second half", () => target.sessions[0]?.log.includes("drain"));
    const answers = received(socket);
    socket.write(request(2, search("cn=a")));
    await until("the second request to arrive", () => (target.sessions[0]?.transport.bytesRead ?? 0) > 70);
    target.sessions[0]?.answerAll();
    expect(await answers).toEqual(["1 searchResultDone success", notice]);
    expect(await drained).toBe(0);
    expect(target.sessions[0]?.log).toEqual(["search cn=wait", "drain", "closed"]);
  });

  it("cuts off who is still busy at its end, and says how many", async () => {
    const target = await listening();
    const socket = await connectTo(target);
    socket.write(request(1, search("cn=wait")));
    await until("the request", () => target.sessions[0]?.hasOutstanding);
    const answers = received(socket);
    expect(await target.listeners.drain(100)).toBe(1);
    expect(await answers).toEqual([notice]);
    expect(target.observed).toEqual(["opened 127.0.0.1", "closed cutOff"]);
  });

  it("of nobody is over at once, and so is listening", async () => {
    const target = await listening();
    expect(await target.listeners.drain(60_000)).toBe(0);
    await expect(target.listeners.listen({ scheme: "ldap", host: "127.0.0.1", port: 0 })).rejects.toThrow(
      new Error("The listeners have been closed"),
    );
  });

  it("answers whoever had connected before, accepted or not", async () => {
    const target = await listening();
    const sockets = await Promise.all(Array.from({ length: 100 }, () => connectTo(target)));
    const drained = target.listeners.drain(20_000);
    const answers = sockets.map((socket) => received(socket));
    for (const socket of sockets) socket.write(Buffer.concat([request(1, search("cn=a")), request(2, unbind)]));
    expect(await Promise.all(answers)).toEqual(
      sockets.map(() => ["1 searchResultEntry", "1 searchResultDone success"]),
    );
    expect(await drained).toBe(0);
  });
});

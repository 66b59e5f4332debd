import { once } from "node:events";
import type { Socket } from "node:net";
import { until } from "@espalier/tests/lab";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ClientTransport } from "../../src/client/client-transport.ts";
import {
  connectTo,
  empty,
  type Listening,
  listening,
  messagesOf,
  request,
  search,
  still,
  summary,
} from "./listening.ts";

async function transportOf(target: Listening): Promise<ClientTransport> {
  return (await until("the session", () => target.sessions.at(-1))).transport;
}

/** The next `count` bytes. */
async function read(socket: Socket, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
  });
  await until(`${count} bytes`, () => length >= count);
  return Buffer.concat(chunks);
}

describe("output", () => {
  it("arrives as it was written, whatever its sizes, though the caller overwrites it at once", async () => {
    const target = await listening({ limits: { maxPendingBytes: 64 * 1024 * 1024 } });
    const size = fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 10_000 }), fc.nat({ max: 200_000 }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(size, { maxLength: 8 }), { maxLength: 8 }), async (turns) => {
        const socket = await connectTo(target);
        const transport = await transportOf(target);
        const expected: Buffer[] = [];
        let byte = 0;
        for (const turn of turns) {
          for (const length of turn) {
            const bytes = Buffer.alloc(length + 20, byte++ & 0xff);
            expected.push(Buffer.from(bytes.subarray(10, length + 10)));
            transport.write(bytes, 10, length + 10);
            bytes.fill(0xee);
          }
          await new Promise((resolve) => setImmediate(resolve));
        }
        const all = Buffer.concat(expected);
        expect((await read(socket, all.length)).equals(all)).toBe(true);
        socket.destroy();
        await empty(target);
      }),
      { numRuns: 30 },
    );
  });

  it("of one turn leaves as one", async () => {
    const target = await listening();
    const socket = await connectTo(target);
    const transport = await transportOf(target);
    for (let i = 0; i < 1000; i++) transport.write(Buffer.from("0123456789"));
    const [chunk] = await once(socket, "data");
    expect(chunk.length).toBe(10_000);
  });

  it("to a client that reads nothing is bounded, and goes on when it reads again", async () => {
    const target = await listening({ limits: { maxPendingBytes: 1024 * 1024 } });
    const socket = await connectTo(target);
    socket.pause();
    socket.write(request(1, search("cn=flood")));
    const transport = await transportOf(target);
    const session = target.sessions[0]!;
    const flooded = await still(() => session.floodedBytes);
    expect(transport.pendingBytes).toBeGreaterThan(0);
    expect(transport.pendingBytes).toBeLessThan(256 * 1024 + 8192);
    socket.resume();
    await until("it to go on", () => session.floodedBytes > flooded + 4 * 1024 * 1024);
  });

  it("lets a client ask again when it has caught up", async () => {
    const target = await listening({ limits: { maxPendingBytes: 4 * 1024 * 1024 } });
    const socket = await connectTo(target);
    socket.pause();
    const transport = await transportOf(target);
    const entries = Buffer.alloc(64 * 1024, 1);
    while (!transport.isCongested) {
      transport.write(entries);
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.write(request(2, search("cn=a")));
    await until("the request to have arrived", () => transport.bytesRead > 0);
    expect(target.sessions[0]?.log).toEqual([]);
    socket.resume();
    await until("the request to be delivered", () => target.sessions[0]?.log.includes("search cn=a"));
    expect(target.sessions[0]?.log).toEqual(["caughtUp", "search cn=a"]);
  });

  it("tells the session that the client has caught up also when the kernel took it all at once", async () => {
    const target = await listening({ limits: { maxPendingBytes: 64 * 1024 } });
    const socket = await connectTo(target);
    const transport = await transportOf(target);
    transport.write(Buffer.alloc(20 * 1024));
    expect(transport.isCongested).toBe(true);
    await read(socket, 20 * 1024);
    expect(target.sessions[0]?.log).toEqual(["caughtUp"]);
  });

  it("that a session writes without regard ends its client at the limit, and no other", async () => {
    const target = await listening({ limits: { maxPendingBytes: 1024 * 1024 } });
    const bystander = await connectTo(target);
    const socket = await connectTo(target);
    socket.pause();
    socket.write(request(1, search("cn=deluge")));
    await until("the client to be gone", () => target.listeners.size === 1);
    expect(target.observed.at(-1)).toBe("closed slowClient");
    expect(target.sessions[1]?.log).toEqual(["search cn=deluge", "closed"]);
    bystander.write(request(1, search("cn=a")));
    const [chunk] = await once(bystander, "data");
    expect(messagesOf(chunk).map(summary)).toEqual(["1 searchResultEntry", "1 searchResultDone success"]);
  });

  it("larger than the limit gets through as one message", async () => {
    const target = await listening({ limits: { maxPendingBytes: 64 * 1024 } });
    const socket = await connectTo(target);
    const transport = await transportOf(target);
    transport.write(Buffer.alloc(8 * 1024 * 1024, 7));
    expect((await read(socket, 8 * 1024 * 1024)).every((byte) => byte === 7)).toBe(true);
    expect(target.observed).toEqual(["opened 127.0.0.1"]);
  });

  it("that a client takes nothing of for too long ends it", async () => {
    const target = await listening({ limits: { writeTimeoutMs: 100 } });
    const socket = await connectTo(target);
    socket.pause();
    socket.write(request(1, search("cn=flood")));
    await empty(target);
    expect(target.observed).toEqual(["opened 127.0.0.1", "closed writeTimeout"]);
    expect(target.sessions[0]?.log).toEqual(["search cn=flood", "closed"]);
  });

  it("after the end is dropped", async () => {
    const target = await listening();
    const socket = await connectTo(target);
    const transport = await transportOf(target);
    transport.disconnect("session", 52, "gone");
    transport.write(Buffer.from("too late"));
    const bytes = Buffer.concat(await socket.toArray());
    expect(messagesOf(bytes).map(summary)).toEqual(["0 extendedResponse unavailable: gone"]);
    await empty(target);
    transport.write(Buffer.from("too late"));
    expect(transport.pendingBytes).toBe(0);
  });
});

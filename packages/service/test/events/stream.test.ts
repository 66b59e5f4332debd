import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { forEachDatabase, sqliteDatabases, until } from "@espalier/tests/lab";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  type EventLog,
  type NewEvent,
  parseLastEventId,
  type StoredEvent,
  type StreamOptions,
  serverSentEvents,
  serverSentEventsHeaders,
} from "../../src/index.ts";
import { startChild } from "../child.ts";
import { createEventLog, openTestStore } from "../store/databases.ts";

const happened: NewEvent = { type: "entry.modified", severity: "info", subject: "s", source: "manager" };

/** Reads a stream until `count` events have come, then leaves it. */
async function take(events: AsyncIterable<StoredEvent>, count: number): Promise<StoredEvent[]> {
  const taken: StoredEvent[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

function append(log: EventLog, count: number, change: Partial<NewEvent> = {}): Promise<StoredEvent[]> {
  return Promise.all(Array.from({ length: count }, () => log.append({ ...happened, ...change })));
}

forEachDatabase((databases) => {
  describe("a stream", () => {
    it("gives what is stored, then what comes, in the order of the commits", async () => {
      const log = createEventLog(await openTestStore(await databases.create()));
      const before = await append(log, 3);
      const reading = take(log.stream({ after: 0 }), 5);
      const after = await append(log, 2);
      expect(await reading).toEqual([...before, ...after]);
    });

    it("from the head on gives all that is stored after that was asked for, and nothing else", async () => {
      const log = createEventLog(await openTestStore(await databases.create()));
      expect(await log.headPosition()).toBe(0);
      await append(log, 3);
      const after = await log.headPosition();
      const [event] = await append(log, 1);
      expect(await take(log.stream({ after }), 1)).toEqual([event]);
    });

    it("has another node's events as they are committed", async () => {
      const url = await databases.create();
      const [here, there] = [createEventLog(await openTestStore(url)), createEventLog(await openTestStore(url))];
      const reading = take(here.stream({ after: 0 }), 2);
      const [first] = await append(there, 1);
      const [second] = await append(there, 1);
      expect(await reading).toEqual([first, second]);
    });

    it("keeps to its filter, and does not look again at what it passed over", async () => {
      const log = createEventLog(await openTestStore(await databases.create()));
      await append(log, 450);
      const [wanted] = await append(log, 1, { type: "backend.down", severity: "high" });
      await append(log, 10);
      const filter = { types: ["backend.*"], severities: ["high" as const] };
      expect(await take(log.stream({ after: 0, filter }), 1)).toEqual([wanted]);
    });

    it("ends by its signal, also while it waits", async () => {
      const log = createEventLog(await openTestStore(await databases.create()));
      const leaving = new AbortController();
      const reading = take(log.stream({ after: 0, signal: leaving.signal }), 10);
      await append(log, 2);
      leaving.abort();
      expect((await reading).length).toBeLessThanOrEqual(2);
    });

    it("looks a few times a second, however many commits there are, and misses none", async () => {
      const store = await openTestStore(await databases.create());
      const log = createEventLog(store);
      const queries = vi.spyOn(store, "all");
      const fromMs = performance.now();
      const reading = take(log.stream({ after: 0 }), 100);
      const stored: StoredEvent[] = [];
      for (let commit = 0; commit < 100; commit += 1) stored.push(...(await append(log, 1)));
      expect(await reading).toEqual(stored);
      // Two a look: how far the log goes, and what is new.
      const looks = queries.mock.calls.length / 2;
      expect(looks).toBeLessThanOrEqual(2 + (performance.now() - fromMs) / 200);
    });

    it("resumes after the last position without a gap or a duplicate, while two processes write and are killed", async () => {
      const url = await databases.create();
      const log = createEventLog(await openTestStore(url));
      const program = new URL("./writer.ts", import.meta.url);
      const writers = ["a", "b"].map((name) => startChild(program, [url, name, "4"]));
      const seen: StoredEvent[] = [];
      // Left and taken up again after every few events, as by a browser with a bad connection.
      while (seen.length < 400) {
        const upTo = 1 + (seen.length % 37);
        seen.push(...(await take(log.stream({ after: seen.at(-1)?.position ?? 0 }), upTo)));
        if (seen.length > 200) writers[0]?.process.kill("SIGKILL");
      }
      for (const { process } of writers) process.kill("SIGKILL");
      expect(seen.map(({ position }) => position)).toEqual(seen.map((_, index) => index + 1));
      expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
    }, 120_000);
  });
});

describe("server-sent events", () => {
  function send(response: ServerResponse, log: Pick<EventLog, "streamPages">, after: number): Readable {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    response.writeHead(200, serverSentEventsHeaders);
    const format = (event: StoredEvent) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n`;
    const stream = Readable.from(serverSentEvents(log, { after, signal: gone.signal, format }), { objectMode: false });
    response.once("close", () => stream.destroy());
    stream.pipe(response);
    return stream;
  }

  /** A server of one log's events, as the manager would have it. */
  async function serve(log: EventLog): Promise<number> {
    const server = createServer((request, response) => {
      const after = parseLastEventId(request.headers["last-event-id"]) ?? 0;
      send(response, log, after);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return (server.address() as AddressInfo).port;
  }

  /** Reads the answer until `text` has the pattern `count` times, then goes away. */
  async function read(port: number, headers: Record<string, string>, count: number) {
    const response = await new Promise<IncomingMessage>((resolve) => get({ port, headers }, resolve));
    let text = "";
    response.setEncoding("utf8").on("data", (more: string) => {
      text += more;
    });
    await until("the events", () => text.split("\n\n").length > count + 1);
    response.destroy();
    return { headers: response.headers, frames: text.split("\n\n").slice(0, count + 1) };
  }

  it("are framed with type, data and position, and go on after Last-Event-ID", async () => {
    const log = createEventLog(await openTestStore(await sqliteDatabases().create()));
    const events = await append(log, 3, { data: { text: "two\nlines" } });
    const port = await serve(log);
    const { headers, frames } = await read(port, {}, 3);
    expect(headers).toMatchObject({ "content-type": "text/event-stream", "cache-control": "no-store" });
    const framed = events.map(
      (event) => `id: ${event.position}\nevent: entry.modified\ndata: ${JSON.stringify(event)}`,
    );
    expect(frames).toEqual(["id: 0\nretry: 2000", ...framed]);
    const resumed = await read(port, { "last-event-id": "2" }, 1);
    expect(resumed.frames).toEqual(["id: 2\nretry: 2000", framed[2]]);
  });

  it("say in each heartbeat how far the log was looked through, so that one that was told nothing goes on there", async () => {
    const log = createEventLog(await openTestStore(await sqliteDatabases().create()));
    await append(log, 3);
    const leaving = new AbortController();
    const hidden = serverSentEvents(log, { after: 0, signal: leaving.signal, format: () => undefined });
    const filtered = serverSentEvents(log, {
      after: 1,
      filter: { types: ["user.locked"] },
      signal: leaving.signal,
      format: () => "data: {}\n",
    });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    for (const [stream, first] of [
      [hidden, "id: 0\nretry: 2000\n\n"],
      [filtered, "id: 1\nretry: 2000\n\n"],
    ] as const) {
      expect((await stream.next()).value).toBe(first);
      let told: unknown;
      while (told !== "id: 3\n\n") {
        const next = stream.next();
        await vi.advanceTimersByTimeAsync(15_000);
        told = (await next).value;
        expect(told).toMatch(/^id: [013]\n\n$/);
      }
    }
    leaving.abort();
    expect((await hidden.next()).done).toBe(true);
    expect((await filtered.next()).done).toBe(true);
  });

  it("have heartbeats also while the log is never silent, and has nothing for the client", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const busy = {
      async *streamPages({ after }: StreamOptions) {
        for (let seen = after + 1; ; seen += 1) {
          await new Promise((resolve) => setTimeout(resolve, 1_000));
          yield { events: [], seen };
        }
      },
    };
    const leaving = new AbortController();
    const stream = serverSentEvents(busy, { after: 100, signal: leaving.signal, format: () => undefined });
    const told: unknown[] = [];
    for (let pieces = 0; pieces < 3; pieces += 1) {
      const next = stream.next();
      await vi.advanceTimersByTimeAsync(15_000);
      told.push((await next).value);
    }
    leaving.abort();
    expect(told).toEqual(["id: 100\nretry: 2000\n\n", "id: 115\n\n", "id: 130\n\n"]);
  });

  it("stop being read from the log when the client goes away", async () => {
    const log = createEventLog(await openTestStore(await sqliteDatabases().create()));
    await append(log, 1);
    let isOver = false;
    const server = createServer((_, response) => {
      send(response, log, 0).once("close", () => {
        isOver = true;
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    await read((server.address() as AddressInfo).port, {}, 1);
    await until("the end of the stream", () => isOver);
  });

  it("are not read faster than the client takes them", async () => {
    const log = createEventLog(await openTestStore(await sqliteDatabases().create()));
    await append(log, 400, { data: { text: "x".repeat(50_000) } });
    let read = 0;
    const counted = {
      async *streamPages(options: StreamOptions) {
        for await (const page of log.streamPages(options)) {
          read += page.events.length;
          yield page;
        }
      },
    };
    const server = createServer((_, response) => void send(response, counted, 0));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const response = await new Promise<IncomingMessage>((resolve) =>
      get({ port: (server.address() as AddressInfo).port }, resolve),
    );
    let before = -1;
    const isWaiting = () => {
      const isSame = read === before;
      before = read;
      return isSame;
    };
    await until("the stream to wait", isWaiting, { intervalMs: 300 });
    expect(read).toBeLessThan(400);
    response.resume();
    await until("the rest", () => read === 400);
    response.destroy();
  });

  it.each([
    ["12", 12],
    ["0", 0],
    [undefined, undefined],
    ["", undefined],
    ["-1", undefined],
    ["1e3", undefined],
    ["9".repeat(30), undefined],
  ])("Last-Event-ID %j is the position %j", (text, position) => {
    expect(parseLastEventId(text)).toBe(position);
  });
});

/** A stream of events as server-sent events (WHATWG HTML, section 9.2). */
import type { StoredEvent } from "./stored-event.ts";
import type { StreamedPage, StreamOptions } from "./stream.ts";

/** Of an answer with a stream. */
export const serverSentEventsHeaders = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  // nginx may gather what it passes on, unless it is told so.
  "x-accel-buffering": "no",
} as const;

/** Proxies close what is silent for a minute. */
const heartbeatMs = 15_000;
/** How long the browser waits before it comes again with the last id it had. */
const retryMs = 2_000;

export interface ServerSentEventsOptions extends StreamOptions {
  /** Ends the stream, also while nothing comes. */
  readonly signal: AbortSignal;
  /** The fields of an event behind its id, each with a line end; `undefined` for one that this client is not told. */
  readonly format: (event: StoredEvent) => string | undefined;
}

/** What a stream goes on after, from the header `Last-Event-ID` or a parameter; `undefined` for none, or what is no position. */
export function parseLastEventId(text: string | readonly string[] | undefined): number | undefined {
  if (typeof text !== "string" || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}

/**
 * The stream, read from the log no faster than it is taken. The id of an event is its position, so that `Last-Event-ID` is where a
 * stream goes on. What begins it and each heartbeat is an id without data, which is no event, but the client keeps it: one that is cut
 * off goes on where the log had been looked through for it, also where it was told nothing.
 *
 * @param log an event log
 * @throws what the log does: EventError for a filter that cannot be used, StoreError
 */
export async function* serverSentEvents(
  log: { streamPages(options: StreamOptions): AsyncGenerator<StreamedPage, void, undefined> },
  { after, filter = {}, signal, format }: ServerSentEventsOptions,
): AsyncGenerator<string, void, undefined> {
  let seen = after;
  yield `id: ${seen}\nretry: ${retryMs}\n\n`;
  let toldMs = performance.now();
  for await (const page of withHeartbeat(log.streamPages({ after, filter, signal }), signal)) {
    for (const event of page?.events ?? []) {
      const fields = format(event);
      if (fields === undefined) continue;
      yield `id: ${event.position}\n${fields}\n`;
      toldMs = performance.now();
    }
    if (page !== undefined) {
      seen = page.seen;
      // A log that is never silent may have nothing for this client.
      if (performance.now() - toldMs < heartbeatMs) continue;
    }
    yield `id: ${seen}\n\n`;
    toldMs = performance.now();
  }
}

/** `undefined` where nothing has come for a while. */
async function* withHeartbeat<T>(
  source: AsyncGenerator<T, void, undefined>,
  signal: AbortSignal,
): AsyncGenerator<T | undefined, void, undefined> {
  let next = source.next();
  try {
    while (!signal.aborted) {
      let timer: NodeJS.Timeout | undefined;
      const pause = new Promise<"silent">((resolve) => {
        timer = setTimeout(() => resolve("silent"), heartbeatMs);
      });
      const came = await Promise.race([next, pause]).finally(() => clearTimeout(timer));
      if (came === "silent") yield undefined;
      else if (came.done === true) return;
      else {
        yield came.value;
        next = source.next();
      }
    }
  } finally {
    next.catch(() => undefined);
    await source.return();
  }
}

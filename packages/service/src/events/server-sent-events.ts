/** A stream of events as server-sent events (WHATWG HTML, section 9.2). */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { StoredEvent } from "./stored-event.ts";

/** Proxies close what is silent for a minute. */
const heartbeatMs = 15_000;
/** How long the browser waits before it comes again with the last id it had. */
const retryMs = 2_000;

/** One event: its position as the id, so that `Last-Event-ID` is where a stream goes on. */
export function formatServerSentEvent(event: StoredEvent): string {
  // Neither JSON nor a type has a line end in it.
  return `id: ${event.position}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** What a stream goes on after, from the header `Last-Event-ID` or a parameter; `undefined` for none, or what is no position. */
export function parseLastEventId(text: string | readonly string[] | undefined): number | undefined {
  if (typeof text !== "string" || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}

/**
 * What a stream begins with: how soon to come again, and after which position. An id without data is no event, but the browser
 * keeps it, so that one who is cut off before anything happened goes on where it began.
 */
export function serverSentEventsHead(after: number): string {
  return `id: ${after}\nretry: ${retryMs}\n\n`;
}

/**
 * Answers with the events until they end or the client goes away, and not faster than it reads. Ends the response.
 *
 * @param after the position after which the events begin: known before the answer begins, as what happens from then on must be told
 * @param open begins the stream; its signal is aborted when the client goes away
 */
export async function sendServerSentEvents(
  response: ServerResponse,
  after: number,
  open: (signal: AbortSignal) => AsyncIterable<StoredEvent>,
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  response.on("error", () => gone.abort());
  response.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    // nginx would gather them.
    "x-accel-buffering": "no",
  });
  response.write(serverSentEventsHead(after));
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(":\n\n");
  }, heartbeatMs);
  try {
    for await (const event of open(gone.signal)) {
      if (gone.signal.aborted) break;
      if (!response.write(formatServerSentEvent(event))) await once(response, "drain", { signal: gone.signal });
    }
  } catch (error) {
    // Waiting for a client that went away is no failure.
    if (!gone.signal.aborted) throw error;
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}

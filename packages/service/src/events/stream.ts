/** Events as they are committed, from a position on. */
import { setTimeout as delay } from "node:timers/promises";
import { sql } from "../store/statement.ts";
import type { Store } from "../store/store.ts";
import { eventsChannel } from "./append.ts";
import { type EventFilter, selectStream } from "./query.ts";
import { type EventRow, eventOfRow, type StoredEvent } from "./stored-event.ts";

export interface StreamOptions {
  /** Position of the last event that was seen: 0 for all, {@link headPosition} for what is stored from then on. */
  readonly after: number;
  readonly filter?: EventFilter;
  /** Ends the stream, without an error. */
  readonly signal?: AbortSignal;
}

const pageSize = 200;
/**
 * Between two looks: what comes alone is told at once, and under load each look has the events of many commits. A hundred streams that
 * looked after every commit would take two fifths of the rate at which webhooks are accepted.
 */
const restMs = 200;
/** A look without being woken, for what a lost connection to the database kept from us. */
const maxPauseMs = 30_000;

/** What a look at the log found, which may be nothing. */
export interface StreamedPage {
  readonly events: readonly StoredEvent[];
  /** The position up to which the log was looked through. */
  readonly seen: number;
}

/** @throws EventError for a filter that cannot be used, StoreError */
export async function* readStream(store: Store, options: StreamOptions): AsyncGenerator<StoredEvent, void, undefined> {
  for await (const { events } of readStreamPages(store, options)) {
    for (const event of events) {
      yield event;
      if (options.signal?.aborted) return;
    }
  }
}

/** @throws EventError for a filter that cannot be used, StoreError */
export async function* readStreamPages(
  store: Store,
  { after, filter = {}, signal }: StreamOptions,
): AsyncGenerator<StreamedPage, void, undefined> {
  // Listening begins before the first look, so that nothing is committed between the two without waking us.
  using bell = new Bell(store, signal);
  let seen = after;
  while (!bell.isAborted) {
    bell.reset();
    const lookedMs = performance.now();
    const head = await headPosition(store);
    while (seen < head && !bell.isAborted) {
      const rows = await store.all<EventRow>(selectStream(filter, seen, head, pageSize));
      seen = rows.length < pageSize ? head : rows.at(-1)!.position;
      yield { events: rows.map(eventOfRow), seen };
    }
    await bell.rung();
    const leftMs = lookedMs + restMs - performance.now();
    if (leftMs > 0 && !bell.isAborted) await delay(leftMs);
  }
}

/** Of the event that was stored last; 0 for none. @throws StoreError */
export async function headPosition(store: Store): Promise<number> {
  const head = await store.first<{ readonly position: number }>(sql`SELECT position FROM event_head`);
  return head?.position ?? 0;
}

/** Rings for new events, for the end, and now and then. */
class Bell implements Disposable {
  readonly #signal: AbortSignal | undefined;
  readonly #unsubscribe: () => void;
  readonly #ring = () => this.#ringing.resolve();
  #ringing = Promise.withResolvers<void>();

  constructor(store: Store, signal: AbortSignal | undefined) {
    this.#signal = signal;
    this.#unsubscribe = store.onWake(eventsChannel, this.#ring);
    signal?.addEventListener("abort", this.#ring);
  }

  get isAborted(): boolean {
    return this.#signal?.aborted === true;
  }

  reset(): void {
    this.#ringing = Promise.withResolvers();
  }

  async rung(): Promise<void> {
    if (this.isAborted) return;
    const timer = setTimeout(this.#ring, maxPauseMs);
    await this.#ringing.promise;
    clearTimeout(timer);
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    this.#signal?.removeEventListener("abort", this.#ring);
  }
}

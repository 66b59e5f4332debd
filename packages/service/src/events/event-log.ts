/** The event log: where services report, and where everybody reads, what happened. */
import { randomUUIDv7 } from "node:crypto";
import type { Logger } from "../log/logger.ts";
import { createMetrics, type Metrics } from "../metrics/metrics.ts";
import type { MigrationSet } from "../store/migrations.ts";
import { type Statement, sql } from "../store/statement.ts";
import type { Store } from "../store/store.ts";
import type { Transaction } from "../store/transaction.ts";
import { AppendStep, eventsChannel, type PendingEvents } from "./append.ts";
import { type ChainReport, verifyChain } from "./chain.ts";
import { formatCursor } from "./cursor.ts";
import { claimKeys, type KeyClaim, releaseKeys } from "./dedupe-keys.ts";
import { EmitQueue } from "./emit-queue.ts";
import { type EventSink, type NewEvent, severities } from "./event.ts";
import { eventMetrics } from "./metrics.ts";
import { type EventQuery, limitOf, selectPage, typesOf } from "./query.ts";
import { type Retention, removeOldEvents } from "./retention.ts";
import {
  type ChainLink,
  type CheckedEvent,
  checkEvent,
  type EventRow,
  eventOfRow,
  type PreparedEvent,
  type StoredEvent,
} from "./stored-event.ts";
import { headPosition, readStream, readStreamPages, type StreamedPage, type StreamOptions } from "./stream.ts";

/** What `openStore` is given so that the log has its tables. */
export const eventMigrations: MigrationSet = {
  name: "service",
  folder: new URL("../../migrations/", import.meta.url),
};

export interface EventLogOptions {
  readonly store: Store;
  /** Where events go that cannot be stored. */
  readonly logger: Logger;
  readonly metrics?: Metrics;
  /** For how long a dedupe key holds, unless an event is added with another window. */
  readonly dedupeWindowMs: number;
  /** `Date.now` unless told. */
  readonly now?: () => number;
}

export interface AppendOptions {
  /** In place of the log's own. */
  readonly dedupeWindowMs?: number;
}

export interface Appended {
  readonly id: string;
  /** The id is that of an earlier event with the same dedupe key, and nothing was added. */
  readonly isDuplicate: boolean;
}

export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** For the next page; absent when there is none. */
  readonly cursor?: string;
}

export class EventLog implements EventSink {
  readonly #store: Store;
  readonly #metrics: ReturnType<typeof register>;
  readonly #dedupeWindowMs: number;
  readonly #now: () => number;
  readonly #step: AppendStep;
  readonly #queue: EmitQueue;

  constructor({ store, logger, metrics = createMetrics(), dedupeWindowMs, now = Date.now }: EventLogOptions) {
    this.#store = store;
    this.#dedupeWindowMs = dedupeWindowMs;
    this.#now = now;
    this.#metrics = register(metrics, () => this.#queue.waiting);
    this.#step = new AppendStep(now, (pending) => this.#count(pending));
    this.#queue = new EmitQueue({
      logger,
      prepare: (event) => this.prepare(event),
      store: (events, isRetry) => this.#storeEach(events, isRetry),
      onUnstored: (reason) => this.#metrics.unstored.labels({ reason }).inc(),
    });
  }

  emit(event: NewEvent): void {
    this.#queue.add(event);
  }

  /**
   * Resolves when the event is on stable storage: to the event that was stored before when this is a duplicate.
   *
   * @throws EventError, StoreError
   */
  async append(event: NewEvent, options: AppendOptions = {}): Promise<StoredEvent> {
    const prepared = this.prepare(event, options);
    for (;;) {
      const { outcomes, pending } = await this.#store.write((transaction) =>
        this.#addAtEnd(transaction, [prepared], false),
      );
      const { id } = outcomes()[0]!;
      const row = pending.rows().find((each) => each.id === id) ?? (await this.#row(id));
      if (row !== undefined) return eventOfRow(row);
      // Retention removed the earlier one in between; its key as well, unless a version before did so.
      await this.#store.write((transaction) => releaseKeys(transaction, [{ key: prepared.checked.dedupeKey, id }]));
    }
  }

  /**
   * Adds the event to a transaction, so that it is stored with the rows of the caller's own or not at all. A row that refers
   * to it needs `DEFERRABLE INITIALLY DEFERRED`: the event is inserted as the last thing before the commit.
   *
   * @throws EventError
   */
  appendWith(transaction: Transaction, event: NewEvent, options: AppendOptions = {}): Promise<Appended> {
    return this.#add(transaction, this.prepare(event, options));
  }

  /** Checks an event, for {@link appendEachAtEnd}. @throws EventError */
  prepare(event: NewEvent, { dedupeWindowMs = this.#dedupeWindowMs }: AppendOptions = {}): PreparedEvent {
    return { checked: checkEvent(event, randomUUIDv7(), this.#now()), dedupeWindowMs };
  }

  /**
   * As {@link appendWith} for many at once, which costs no more statements than one, and none before the transaction's end: so
   * what became of them can be asked once it is committed. `undefined` is one that was not added, as what is no event had its key.
   *
   * @param isTaken a condition, which holds where what is no event has the dedupe key `claims.key`
   */
  appendEachAtEnd(
    transaction: Transaction,
    events: readonly PreparedEvent[],
    isTaken?: Statement,
  ): () => readonly (Appended | undefined)[] {
    const { pending, outcomes } = this.#addAtEnd(transaction, events, isTaken !== undefined);
    if (isTaken !== undefined) pending.taken.push(isTaken);
    return outcomes;
  }

  /** The event that one with this dedupe key would be a duplicate of. */
  async findDuplicate(transaction: Transaction, dedupeKey: string): Promise<string | undefined> {
    const row = await transaction.first<{ readonly event_id: string }>(
      sql`SELECT event_id FROM event_dedupe WHERE key = ${dedupeKey} AND until > ${this.#now()}`,
    );
    return row?.event_id;
  }

  async get(id: string): Promise<StoredEvent | undefined> {
    const row = await this.#row(id);
    return row === undefined ? undefined : eventOfRow(row);
  }

  /** @throws EventError, StoreError */
  async query(query: EventQuery): Promise<EventPage> {
    const limit = limitOf(query);
    const types = await typesOf(this.#store, query);
    const rows = await this.#store.all<EventRow>(selectPage(query, types));
    const events = rows.slice(0, limit).map(eventOfRow);
    const last = events.at(-1);
    return rows.length > limit && last !== undefined ? { events, cursor: formatCursor(last) } : { events };
  }

  /**
   * Events in the order of their commits, those of other nodes too, each once, as they come. It ends by its signal or by
   * being left, and throws what the store does when that is away: go on after the last position then.
   */
  stream(options: StreamOptions): AsyncGenerator<StoredEvent, void, undefined> {
    return readStream(this.#store, options);
  }

  /** As {@link stream}, by looks at the log: also those that found nothing, so that it is known how far it was looked through. */
  streamPages(options: StreamOptions): AsyncGenerator<StreamedPage, void, undefined> {
    return readStreamPages(this.#store, options);
  }

  /** Of the event that was stored last; 0 for none. @throws StoreError */
  headPosition(): Promise<number> {
    return headPosition(this.#store);
  }

  /** See {@link verifyChain}. */
  verifyChain(noted?: ChainLink): Promise<ChainReport> {
    return verifyChain(this.#store, noted);
  }

  /** Calls back when there may be new events. */
  onNew(listener: () => void): () => void {
    return this.#store.onWake(eventsChannel, listener);
  }

  /** Removes what is older than its retention. Several nodes may do so at the same time. */
  async retain(retention: Retention, signal?: AbortSignal): Promise<void> {
    await removeOldEvents({
      store: this.#store,
      retention,
      now: this.#now(),
      announce: (transaction, event) => this.appendWith(transaction, event),
      onRemoved: (kind, count) => this.#metrics.removed.labels({ kind }).inc(count),
      signal,
    });
  }

  /** Stores what was emitted, for as long as the signal lets it; logs what is left. The store is closed after it. */
  close(signal?: AbortSignal): Promise<void> {
    return this.#queue.close(signal);
  }

  async #add(transaction: Transaction, { checked, dedupeWindowMs }: PreparedEvent): Promise<Appended> {
    const pending = transaction.atEnd(this.#step);
    const now = this.#now();
    const claim = claimOf(checked, now + dedupeWindowMs, false);
    const owners = claimKeys(transaction, claim === undefined ? [] : [claim], [], now);
    if (claim !== undefined) await transaction.answered();
    const appended = appendedAs(checked, owners())!;
    if (appended.isDuplicate) pending.duplicates += 1;
    else pending.added.push({ event: checked });
    return appended;
  }

  #addAtEnd(
    transaction: Transaction,
    events: readonly PreparedEvent[],
    mayBeTaken: boolean,
  ): { readonly pending: PendingEvents; readonly outcomes: () => readonly (Appended | undefined)[] } {
    const pending = transaction.atEnd(this.#step);
    const now = this.#now();
    for (const { checked, dedupeWindowMs } of events) {
      pending.added.push({ event: checked, claim: claimOf(checked, now + dedupeWindowMs, mayBeTaken) });
    }
    return {
      pending,
      outcomes: () => {
        const owners = pending.owners();
        return events.map(({ checked }) => appendedAs(checked, owners));
      },
    };
  }

  /** @param isRetry the commit of an earlier attempt may have been done without our being told */
  #storeEach(event: PreparedEvent, isRetry: boolean): Promise<void> {
    return this.#store.write(async (transaction) => {
      const { id } = event.checked;
      if (isRetry && (await transaction.first(sql`SELECT 1 FROM events WHERE id = ${id}`)) !== undefined) return;
      this.#addAtEnd(transaction, [event], false);
    });
  }

  #row(id: string): Promise<EventRow | undefined> {
    return this.#store.first<EventRow>(sql`SELECT * FROM events WHERE id = ${id}`);
  }

  #count({ added, duplicates, owners }: PendingEvents): void {
    const { duplicates: counted, stored } = this.#metrics;
    counted.inc(duplicates);
    const known = owners();
    for (const { event, claim } of added) {
      const owner = claim === undefined ? event.id : known.get(claim.key);
      if (owner === event.id) stored[event.severity]?.inc();
      else if (owner !== undefined) counted.inc();
    }
  }
}

function claimOf({ id, dedupeKey }: CheckedEvent, until: number, mayBeTaken: boolean): KeyClaim | undefined {
  return dedupeKey === null ? undefined : { key: dedupeKey, eventId: id, until, mayBeTaken };
}

function appendedAs({ id, dedupeKey }: CheckedEvent, owners: ReadonlyMap<string, string>): Appended | undefined {
  const owner = dedupeKey === null ? id : owners.get(dedupeKey);
  return owner === undefined ? undefined : { id: owner, isDuplicate: owner !== id };
}

function register(metrics: Metrics, waiting: () => number) {
  const instruments = metrics.register(eventMetrics);
  metrics.onCollect(() => instruments.waiting.labels({}).set(waiting()));
  return {
    duplicates: instruments.duplicates.labels({}),
    stored: severities.map((severity) => instruments.stored.labels({ severity })),
    removed: instruments.removed,
    unstored: instruments.unstored,
  };
}

/**
 * The router: every event that any process stored becomes deliveries, once.
 *
 * Positions in the log are the order of its commits, without a gap, so one number says what has been routed. The node that
 * holds its row takes the next events, makes their deliveries and moves the number on in one transaction: after a crash all
 * of it has happened, or nothing. Events are routed one after the other, so that no end overtakes its problem.
 */
import {
  type EventLog,
  type EventRow,
  eventOfRow,
  type Logger,
  type Metrics,
  type Store,
  type StoredEvent,
  sql,
} from "@espalier/service";
import { Loop } from "../deliveries/loop.ts";
import { skippingLocked } from "../deliveries/row-lock.ts";
import type { Route } from "./config.ts";
import { routingMetrics } from "./metrics.ts";
import { RoutingPass, type RoutingResult } from "./routing-pass.ts";

export interface RouterOptions {
  readonly store: Store;
  readonly log: EventLog;
  readonly routes: readonly Route[];
  /** Names of all channels, in the order of the configuration. */
  readonly channels: readonly string[];
  /** The wait before a first attempt: the beginning of the retry schedule. */
  readonly firstWaitMs: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly now?: () => number;
}

/** Of one transaction. */
const routedAtOnce = 100;
/** Between two transactions: under load each routes the events of several commits, and is not in the way of every one of them. */
const restMs = 20;
/** A look without being woken. */
const maxPauseMs = 2_000;

interface Work {
  /** The next that are not routed, in their order. */
  readonly events: readonly StoredEvent[];
  /** Milliseconds until one is due. */
  readonly untilEscalation: number;
}

interface Routed {
  readonly results: readonly RoutingResult[];
  readonly escalations: number;
  /** Another node had routed what was read. */
  readonly isOvertaken: boolean;
}

export class Router {
  readonly #options: RouterOptions;
  readonly #now: () => number;
  readonly #instruments: ReturnType<typeof register>;
  readonly #loop: Loop;
  #unsubscribe: (() => void) | undefined;

  constructor(options: RouterOptions) {
    const { store, logger, metrics, now = Date.now } = options;
    this.#options = options;
    this.#now = now;
    this.#instruments = register(metrics, store);
    this.#loop = new Loop({ name: "routing", step: () => this.#step(), restMs, logger });
  }

  start(): void {
    this.#unsubscribe = this.#options.log.onNew(() => this.#loop.wake());
    this.#loop.wake();
  }

  /** Finishes the transaction that is under way. */
  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.#loop.stop();
  }

  /** Routes what there is. Resolves to how many events: 0 also when another node is at it. */
  async route(): Promise<number> {
    let count = 0;
    for (;;) {
      const { events } = await this.#look();
      const { results, escalations, isOvertaken } = await this.#routeSome(events);
      count += results.length;
      if (results.length === 0 && escalations === 0 && !isOvertaken) return count;
    }
  }

  async #step(): Promise<number> {
    const { events, untilEscalation } = await this.#look();
    if (events.length === 0 && untilEscalation > 0) return Math.min(untilEscalation, maxPauseMs);
    const { results, escalations, isOvertaken } = await this.#routeSome(events);
    if (results.length === routedAtOnce) return 0;
    return results.length > 0 || escalations > 0 || isOvertaken ? restMs : maxPauseMs;
  }

  /** What is to be done: outside of the transaction, in which everything else that is to be written waits. An event is never changed. */
  async #look(): Promise<Work> {
    const { store } = this.#options;
    const [rows, due] = await Promise.all([
      store.all<EventRow>(
        sql`SELECT * FROM events WHERE position > (SELECT position FROM routing) ORDER BY position LIMIT ${routedAtOnce}`,
      ),
      store.first<{ readonly escalation: number | null }>(
        sql`SELECT min(due_at) AS escalation FROM escalations WHERE fired_at IS NULL`,
      ),
    ]);
    const untilEscalation = (due?.escalation ?? Number.POSITIVE_INFINITY) - this.#now();
    return { events: rows.map(eventOfRow), untilEscalation };
  }

  async #routeSome(events: readonly StoredEvent[]): Promise<Routed> {
    const { store, routes, channels, firstWaitMs } = this.#options;
    const now = this.#now();
    const routed = await store.write(async (transaction): Promise<Routed> => {
      const at = await transaction.first<{ readonly position: number; readonly escalation: number | null }>(
        sql`SELECT position, (SELECT min(due_at) FROM escalations WHERE fired_at IS NULL) AS escalation
          FROM routing${skippingLocked(transaction.database)}`.prepared(),
      );
      if (at === undefined) return { results: [], escalations: 0, isOvertaken: false };
      const pass = new RoutingPass({ transaction, routes, channels, firstWaitMs, now });
      const escalations = at.escalation !== null && at.escalation <= now ? await pass.escalate() : 0;
      const results: RoutingResult[] = [];
      for (const event of events) if (event.position > at.position) results.push(await pass.route(event));
      await pass.end();
      const last = results.length > 0 ? events.at(-1) : undefined;
      if (last !== undefined) transaction.send(sql`UPDATE routing SET position = ${last.position}`.prepared());
      return { results, escalations, isOvertaken: events.length > 0 && results.length === 0 };
    });
    for (const result of routed.results) this.#instruments.routed.labels({ result }).inc();
    this.#instruments.escalations.labels({}).inc(routed.escalations);
    return routed;
  }
}

function register(metrics: Metrics, store: Store) {
  const instruments = metrics.register(routingMetrics);
  metrics.onCollect(async () => {
    const row = await store
      .first<{ readonly behind: number }>(
        sql`SELECT coalesce((SELECT max(position) FROM events), position) - position AS behind FROM routing`,
      )
      // A scrape while the store is away shows what was known last.
      .catch(() => undefined);
    if (row !== undefined) instruments.unrouted.labels({}).set(Math.max(0, row.behind));
  });
  return instruments;
}

/** Counts what workers do, and reads the queue for those who look at the metrics. */
import { type Metrics, type Store, sql } from "@espalier/service";
import type { Channel } from "../channels/channel.ts";
import type { DeliveryRow } from "./delivery.ts";
import { deliveryMetrics } from "./metrics.ts";
import type { Settled } from "./settle.ts";

export interface DeliveryInstrumentsOptions {
  readonly store: Store;
  readonly channels: readonly Channel[];
  readonly metrics: Metrics;
  readonly now: () => number;
}

/** Of a delivery whose channel this node does not have. */
const unknownMethod = "unknown";

export class DeliveryInstruments {
  readonly #options: DeliveryInstrumentsOptions;
  readonly #kinds: ReadonlyMap<string, string>;
  readonly #instruments;

  constructor(options: DeliveryInstrumentsOptions) {
    const { channels, metrics } = options;
    this.#options = options;
    this.#kinds = new Map(channels.map(({ name, kind }) => [name, kind]));
    this.#instruments = metrics.register(deliveryMetrics);
    // A ratio over nothing is nothing: both are there from the start.
    for (const kind of new Set(this.#kinds.values())) {
      for (const status of ["success", "failure"]) {
        this.#instruments.attempts.labels({ delivery_method: kind, status });
      }
    }
    metrics.onCollect(() => this.#collect());
  }

  count(channel: string, status: Settled): void {
    this.#instruments.attempts.labels({ delivery_method: this.#kindOf(channel), status }).inc();
  }

  took(channel: string, durationMs: number): void {
    this.#instruments.durations.labels({ delivery_method: this.#kindOf(channel) }).observe(durationMs / 1_000);
  }

  delivered({ expected_at }: DeliveryRow): void {
    this.#instruments.endToEnd.labels({}).observe(Math.max(0, this.#options.now() - expected_at) / 1_000);
  }

  #kindOf(channel: string): string {
    return this.#kinds.get(channel) ?? unknownMethod;
  }

  async #collect(): Promise<void> {
    const { store, now, channels } = this.#options;
    const { depth, oldest, dead, disabled } = this.#instruments;
    try {
      const waiting = await store.all<{ readonly channel: string; readonly count: number }>(
        sql`SELECT channel, count(*) AS count FROM deliveries WHERE state = 'pending' GROUP BY channel
          UNION ALL SELECT channel, count(*) FROM deliveries WHERE state = 'sending' GROUP BY channel`,
      );
      const row = await store.first<{ readonly due: number | null; readonly dead: number }>(
        sql`SELECT (SELECT min(due_at) FROM deliveries WHERE state = 'pending') AS due,
          (SELECT count(*) FROM deliveries WHERE state = 'dead') AS dead`,
      );
      const ended = await store.all<{ readonly channel: string }>(
        sql`SELECT channel FROM channel_states WHERE disabled_at IS NOT NULL`,
      );
      const depths = new Map([...this.#kinds.values()].map((kind) => [kind, 0]));
      for (const { channel, count } of waiting) {
        const kind = this.#kindOf(channel);
        depths.set(kind, (depths.get(kind) ?? 0) + count);
      }
      depth.reset();
      for (const [kind, count] of depths) depth.labels({ delivery_method: kind }).set(count);
      oldest.labels({}).set(Math.max(0, now() - (row?.due ?? now())) / 1_000);
      dead.labels({}).set(row?.dead ?? 0);
      for (const { name } of channels) {
        disabled.labels({ channel: name }).set(ended.some(({ channel }) => channel === name) ? 1 : 0);
      }
    } catch {
      // A scrape while the store is away shows what was known last.
    }
  }
}

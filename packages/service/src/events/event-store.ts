/** The store and the event log of a process as one thing to open and to close: with its health check, and retention each hour. */
import type { Health } from "../health/health.ts";
import type { Logger } from "../log/logger.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { StoreConfig } from "../store/config.ts";
import type { MigrationSet } from "../store/migrations.ts";
import { openStore, type Store } from "../store/store.ts";
import { EventLog, eventMigrations } from "./event-log.ts";

export interface EventStoreOptions {
  readonly config: StoreConfig;
  /** Of the packages that keep something in the store beside the events. */
  readonly migrations?: readonly MigrationSet[];
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health?: Health;
}

export interface EventStore {
  readonly store: Store;
  readonly log: EventLog;
  /** Stores what was reported, for as long as the signal lets it, and closes the store. */
  close(signal?: AbortSignal): Promise<void>;
}

const retentionIntervalMs = 3_600_000;

/** @throws StoreError */
export async function openEventStore(options: EventStoreOptions): Promise<EventStore> {
  const { config, migrations = [], logger, metrics, health } = options;
  const store = await openStore({
    url: config.url.reveal(),
    migrations: [eventMigrations, ...migrations],
    logger,
    metrics,
  });
  const log = new EventLog({ store, logger, metrics, dedupeWindowMs: config.dedupeWindow });
  health?.register("store", () => store.check());
  const closing = new AbortController();
  const retain = async () => {
    try {
      await log.retain(config.retention, closing.signal);
    } catch (error) {
      if (!closing.signal.aborted)
        logger.warn("old events could not be removed; the next try is in an hour", { error });
    }
  };
  let retaining = retain();
  const timer = setInterval(() => {
    retaining = retaining.then(retain);
  }, retentionIntervalMs).unref();
  return {
    store,
    log,
    async close(signal) {
      clearInterval(timer);
      closing.abort();
      await log.close(signal);
      await retaining;
      await store.close();
    },
  };
}

/** A store and its event log, for a test. */
import { onTestFinished } from "vitest";
import {
  createLog,
  createMetrics,
  EventLog,
  type EventLogOptions,
  eventMigrations,
  type Logger,
  openStore,
  type Store,
  type StoreOptions,
} from "../../src/index.ts";

/** A store with the event log's tables, closed when the test has finished. */
export async function openTestStore(url: string, options: Partial<StoreOptions> = {}): Promise<Store> {
  const store = await openStore({ url, migrations: [eventMigrations], logger: silent, ...options });
  onTestFinished(() => store.close());
  return store;
}

export const hourMs = 3_600_000;

export function createEventLog(store: Store, options: Partial<EventLogOptions> = {}): EventLog {
  return new EventLog({ store, logger: silent, metrics: createMetrics(), dedupeWindowMs: hourMs, ...options });
}

export const silent: Logger = createLog({ destination: () => undefined }).logger("test");

/** A logger whose lines can be looked at. */
export function recordingLogger(): { readonly logger: Logger; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const destination = (line: string) => {
    lines.push(JSON.parse(line) as Record<string, unknown>);
  };
  return { lines, logger: createLog({ destination, now: () => 0 }).logger("test") };
}

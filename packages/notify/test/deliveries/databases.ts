/** A store and its event log, for a test. */
import {
  createLog,
  createMetrics,
  EventLog,
  eventMigrations,
  type Logger,
  openStore,
  type Store,
} from "@espalier/service";
import { onTestFinished } from "vitest";
import { notifyMigrations } from "../../src/deliveries/migrations.ts";

export const silent: Logger = createLog({ destination: () => undefined }).logger("test");

/** A store with the tables of events and deliveries, closed when the test has finished. */
export async function openTestStore(url: string): Promise<Store> {
  const store = await openStore({ url, migrations: [eventMigrations, notifyMigrations], logger: silent });
  onTestFinished(() => store.close());
  return store;
}

export function createEventLog(store: Store, now?: () => number): EventLog {
  const options = { store, logger: silent, metrics: createMetrics(), dedupeWindowMs: 1_000 };
  return new EventLog(now === undefined ? options : { ...options, now });
}

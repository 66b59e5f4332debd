/** A store with all tables of the service, and a log whose time is the test's own. */

import { createMetrics, EventLog, eventMigrations, openStore, type Store } from "@espalier/service";
import type { StoreDatabases } from "@espalier/tests/lab";
import { onTestFinished } from "vitest";
import { notifyStoreMigrations } from "../../src/store-migrations.ts";
import { silent } from "../deliveries/databases.ts";

export interface HookStore {
  readonly url: string;
  readonly store: Store;
  readonly log: EventLog;
  now: number;
}

export async function openHookStore(databases: StoreDatabases): Promise<HookStore> {
  const url = await databases.create();
  const store = await openStore({ url, migrations: [eventMigrations, ...notifyStoreMigrations], logger: silent });
  onTestFinished(() => store.close());
  const opened: HookStore = {
    url,
    store,
    now: Date.parse("2026-03-01T12:00:00Z"),
    log: new EventLog({
      store,
      logger: silent,
      metrics: createMetrics(),
      dedupeWindowMs: 1_000,
      now: () => opened.now,
    }),
  };
  return opened;
}

/** What the log has, the oldest first, without what differs from run to run. */
export async function eventsOf({ log }: HookStore) {
  const { events } = await log.query({ order: "oldest first", limit: 1_000 });
  return events.map(({ type, severity, subject, source, data }) => ({ type, severity, subject, source, data }));
}

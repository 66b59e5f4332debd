/** The store, opened as it is: whether it is there, and how the queue in it is. */
import type { HealthRow, LiveTargets } from "@espalier/check/live";
import { notifyStoreMigrations, readQueueState } from "@espalier/notify";
import { createLog, eventMigrations, openStore, type Store, type StoreConfig, StoreError } from "@espalier/service";

interface StoreLook {
  readonly rows: readonly HealthRow[];
  /** Where notifications are kept in it. */
  readonly queue: LiveTargets["queue"];
  close(): Promise<void>;
}

const timeoutMs = 5_000;

export async function lookAtStore(config: StoreConfig | undefined, hasQueue: boolean): Promise<StoreLook> {
  const nothing = { rows: [], queue: undefined, close: async () => undefined };
  if (config === undefined) return nothing;
  const logger = createLog({ level: "fatal", destination: 2 }).logger("store");
  const migrations = [eventMigrations, ...(hasQueue ? notifyStoreMigrations : [])];
  const opening = openStore({ url: config.url.reveal(), migrations, logger, asItIs: true });
  let store: Store;
  try {
    store = await inTime(opening);
  } catch (error) {
    void opening.then((late) => late.close()).catch(() => undefined);
    const detail = error instanceof StoreError ? error.message.replace(/\.$/, "") : "it does not answer";
    return { ...nothing, rows: [{ part: "database", name: "store", status: "failing", detail }] };
  }
  return {
    rows: [{ part: "database", name: "store", status: "ok", detail: store.place }],
    queue: hasQueue ? () => readQueueState(store, Date.now()) : undefined,
    close: () => store.close(),
  };
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const over = Promise.withResolvers<never>();
  const timer = setTimeout(() => over.reject(new Error("time is up")), timeoutMs);
  try {
    return await Promise.race([work, over.promise]);
  } finally {
    clearTimeout(timer);
  }
}

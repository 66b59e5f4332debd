/** For commands that look into what services keep: opens the store as it is, and says in a sentence when that does not go. */
import { notifyStoreMigrations } from "@espalier/notify/store-migrations";
import {
  createLog,
  EventError,
  EventLog,
  eventMigrations,
  loadConfiguration,
  type MigrationSet,
  openStore,
  type Store,
  StoreError,
  storeSection,
} from "@espalier/service";
import { type Environment, foreign } from "../configuration.ts";
import { exitCode } from "../exit-code.ts";

export interface StoreAccess {
  readonly environment: Environment;
  readonly file: string | undefined;
  /** Whether also what notifications keep is looked into. */
  readonly notifications?: boolean;
}

/** Resolves to the exit code. @throws ConfigurationError */
export async function withStore(
  { environment, file, notifications = false }: StoreAccess,
  use: (opened: { readonly store: Store; readonly log: EventLog }) => Promise<number>,
): Promise<number> {
  const { values } = loadConfiguration({
    file,
    environment,
    sections: [storeSection],
    optionalSections: foreign(storeSection),
  });
  const logger = createLog({ level: "fatal", destination: 2 }).logger("store");
  const migrations: readonly MigrationSet[] = [eventMigrations, ...(notifications ? notifyStoreMigrations : [])];
  try {
    const store = await openStore({ url: values.store.url.reveal(), migrations, logger, asItIs: true });
    const log = new EventLog({ store, logger, dedupeWindowMs: values.store.dedupeWindow });
    try {
      return await use({ store, log });
    } finally {
      await log.close();
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof StoreError || error instanceof EventError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.code === "ERR_STORE_UNAVAILABLE" ? exitCode.internal : exitCode.usage;
  }
}

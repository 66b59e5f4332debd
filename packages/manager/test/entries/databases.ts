/** A store for tests. */
import { createLog, type MigrationSet, openStore, type Store } from "@espalier/service";
import { onTestFinished } from "vitest";

/** Closed when the test has finished. */
export async function openTestStore(url: string, ...migrations: readonly MigrationSet[]): Promise<Store> {
  const logger = createLog({ destination: () => undefined }).logger("test");
  const store = await openStore({ url, migrations, logger });
  onTestFinished(() => store.close());
  return store;
}

/** A store for tests of jobs. */
import { createLog, type Logger, openStore, type Store } from "@espalier/service";
import { onTestFinished } from "vitest";
import { jobMigrations } from "../../src/transfer/migrations.ts";

export const silent: Logger = createLog({ destination: () => undefined }).logger("test");

/** A store with the tables of jobs, closed when the test has finished. */
export async function openTestStore(url: string): Promise<Store> {
  const store = await openStore({ url, migrations: [jobMigrations], logger: silent });
  onTestFinished(() => store.close());
  return store;
}

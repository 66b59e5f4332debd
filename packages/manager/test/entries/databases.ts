/** Each test's own empty database: an SQLite file, or a database of a PostgreSQL server that the test file shares. */
import { rm } from "node:fs/promises";
import { createLog, type MigrationSet, openStore, type Store } from "@espalier/service";
import { type Postgres, requirePrograms, startPostgres, temporaryDirectory } from "@espalier/tests/lab";
import { afterAll, beforeAll, describe, onTestFinished } from "vitest";

export interface Databases {
  readonly kind: "sqlite" | "postgres";
  /** URL of a new, empty one. */
  create(): Promise<string>;
}

/** The same tests for both. */
export function forEachDatabase(tests: (databases: Databases) => void): void {
  describe("on SQLite", () => {
    const create = async () => {
      const directory = await temporaryDirectory("manager");
      onTestFinished(() => rm(directory.path, { recursive: true, force: true }));
      return `sqlite:${directory.file("espalier.db")}`;
    };
    tests({ kind: "sqlite", create });
  });
  const withPostgres = requirePrograms({ postgres: "postgresql-15", initdb: "postgresql-15", psql: "postgresql-15" });
  withPostgres("on PostgreSQL", () => {
    let server: Postgres | undefined;
    let count = 0;
    beforeAll(async () => {
      server = await startPostgres();
    });
    afterAll(() => server?.[Symbol.asyncDispose]());
    const create = async () => {
      count += 1;
      await server?.psql(`CREATE DATABASE test_${count}`);
      return server?.url.replace(/postgres$/, `test_${count}`) ?? "";
    };
    tests({ kind: "postgres", create });
  });
}

/** Closed when the test has finished. */
export async function openTestStore(url: string, ...migrations: readonly MigrationSet[]): Promise<Store> {
  const logger = createLog({ destination: () => undefined }).logger("test");
  const store = await openStore({ url, migrations, logger });
  onTestFinished(() => store.close());
  return store;
}

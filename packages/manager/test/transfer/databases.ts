/** Each test's own empty database: an SQLite file, or a database of a PostgreSQL server that the test file shares. */
import { createLog, type Logger, openStore, type Store } from "@espalier/service";
import { type Postgres, requirePrograms, startPostgres, temporaryDirectory } from "@espalier/tests/lab";
import { afterAll, beforeAll, describe, onTestFinished } from "vitest";
import { jobMigrations } from "../../src/transfer/migrations.ts";

export interface Databases {
  readonly kind: "sqlite" | "postgres";
  /** URL of a new, empty one. */
  create(): Promise<string>;
}

export const silent: Logger = createLog({ destination: () => undefined }).logger("test");

/** The same tests for both. */
export function forEachDatabase(tests: (databases: Databases) => void): void {
  describe("on SQLite", () => tests(sqliteDatabases()));
  const withPostgres = requirePrograms({ postgres: "postgresql-15", initdb: "postgresql-15", psql: "postgresql-15" });
  withPostgres("on PostgreSQL", () => tests(postgresDatabases()));
}

function sqliteDatabases(): Databases {
  return {
    kind: "sqlite",
    async create() {
      const directory = await temporaryDirectory("jobs");
      onTestFinished(() => directory[Symbol.asyncDispose]());
      return `sqlite:${directory.file("espalier.db")}`;
    },
  };
}

function postgresDatabases(): Databases {
  let server: Postgres | undefined;
  let count = 0;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());
  return {
    kind: "postgres",
    async create() {
      if (server === undefined) throw new Error("the server has not been started");
      count += 1;
      await server.psql(`CREATE DATABASE test_${count}`);
      return server.url.replace(/postgres$/, `test_${count}`);
    },
  };
}

/** A store with the tables of jobs, closed when the test has finished. */
export async function openTestStore(url: string): Promise<Store> {
  const store = await openStore({ url, migrations: [jobMigrations], logger: silent });
  onTestFinished(() => store.close());
  return store;
}

/** Each test's own empty database: an SQLite file, or a database of a PostgreSQL server that the test file shares. */
import { rm } from "node:fs/promises";
import { type Postgres, requirePrograms, startPostgres, temporaryDirectory } from "@espalier/tests/lab";
import { afterAll, beforeAll, describe, onTestFinished } from "vitest";
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

export interface Databases {
  readonly kind: "sqlite" | "postgres";
  /** URL of a new, empty one. */
  create(): Promise<string>;
  /** Runs SQL behind the store's back. */
  alter(url: string, text: string): Promise<void>;
  /** The PostgreSQL server. */
  readonly server: Postgres;
}

/** The same tests for both. */
export function forEachDatabase(tests: (databases: Databases) => void): void {
  describe("on SQLite", () => tests(sqliteDatabases()));
  const withPostgres = requirePrograms({ postgres: "postgresql-15", initdb: "postgresql-15", psql: "postgresql-15" });
  withPostgres("on PostgreSQL", () => tests(postgresDatabases()));
}

export function sqliteDatabases(): Databases {
  return {
    kind: "sqlite",
    get server(): Postgres {
      throw new Error("SQLite has no server");
    },
    async create() {
      const directory = await temporaryDirectory("store");
      onTestFinished(() => rm(directory.path, { recursive: true, force: true }));
      return `sqlite:${directory.file("espalier.db")}`;
    },
    async alter(url, text) {
      const { DatabaseSync } = await import("node:sqlite");
      const database = new DatabaseSync(url.slice("sqlite:".length), { timeout: 5_000 });
      database.exec(text);
      database.close();
    },
  };
}

/** To be called inside of a `describe`. */
export function postgresDatabases(): Databases {
  let server: Postgres | undefined;
  let count = 0;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());
  const running = () => {
    if (server === undefined) throw new Error("the server has not been started");
    return server;
  };
  return {
    kind: "postgres",
    get server() {
      return running();
    },
    async create() {
      count += 1;
      await running().psql(`CREATE DATABASE test_${count}`);
      return running().url.replace(/postgres$/, `test_${count}`);
    },
    async alter(url, text) {
      const { default: pg } = await import("pg");
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query(text);
      await client.end();
    },
  };
}

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

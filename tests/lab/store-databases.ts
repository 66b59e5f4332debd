/** Each test's own empty database for a store: an SQLite file, or a database of a PostgreSQL server that the test file shares. */
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, onTestFinished } from "vitest";
import { succeed } from "./command.ts";
import { type Postgres, startPostgres } from "./postgres.ts";
import { requirePrograms } from "./programs.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface StoreDatabases {
  readonly kind: "sqlite" | "postgres";
  /** URL of a new, empty one, for as long as the test runs. */
  create(): Promise<string>;
  /** Runs SQL behind the store's back. */
  alter(url: string, text: string): Promise<void>;
  /** The PostgreSQL server. */
  readonly server: Postgres;
}

/** The same tests for both. */
export function forEachDatabase(tests: (databases: StoreDatabases) => void): void {
  describe("on SQLite", () => tests(sqliteDatabases()));
  onPostgres(tests);
}

/** What only a store that several nodes share can show. */
export function onPostgres(tests: (databases: StoreDatabases) => void): void {
  const withPostgres = requirePrograms({ postgres: "postgresql-15", initdb: "postgresql-15", psql: "postgresql-15" });
  withPostgres("on PostgreSQL", () => tests(postgresDatabases()));
}

export function sqliteDatabases(): StoreDatabases {
  return {
    kind: "sqlite",
    get server(): Postgres {
      throw new Error("SQLite has no server");
    },
    async create() {
      const directory = await temporaryDirectory("store");
      onTestFinished(() => directory[Symbol.asyncDispose]());
      return `sqlite:${directory.file("espalier.db")}`;
    },
    async alter(url, text) {
      using database = openSqlite(url);
      database.exec(text);
    },
  };
}

/** To be called inside of a `describe`. */
export function postgresDatabases(): StoreDatabases {
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
      await succeed("psql", ["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", `--dbname=${url}`, "--command", text]);
    },
  };
}

/** The tables as SQL that makes them; all that there are, unless some are named. */
export function dumpTables(url: string, tables?: readonly string[]): Promise<string> {
  return url.startsWith("sqlite:") ? dumpSqlite(url, tables) : dumpPostgres(url, tables);
}

async function dumpSqlite(url: string, tables: readonly string[] | undefined): Promise<string> {
  using database = openSqlite(url);
  const rows = database
    .prepare(
      "SELECT sql, tbl_name FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY tbl_name, type DESC, name",
    )
    .all() as { readonly sql: string; readonly tbl_name: string }[];
  const wanted = rows.filter(({ tbl_name: name }) => tables?.includes(name) ?? true);
  return wanted.map((row) => `${row.sql};\n`).join("\n");
}

/** Without what says which program wrote it, and the settings of the session. */
async function dumpPostgres(url: string, tables: readonly string[] = []): Promise<string> {
  const only = tables.map((table) => `--table=${table}`);
  const dump = await succeed("pg_dump", ["--schema-only", "--no-owner", "--no-privileges", ...only, `--dbname=${url}`]);
  const lines = dump.split("\n").filter((line) => !/^(--|SET |SELECT pg_catalog\.set_config|\\)/.test(line));
  return `${lines
    .join("\n")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim()}\n`;
}

function openSqlite(url: string): DatabaseSync {
  return new DatabaseSync(url.slice("sqlite:".length), { timeout: 5_000 });
}

/** A population in a database, and how the gateway is told to read it there. */
import { DatabaseSync } from "node:sqlite";
import type { Population } from "./population.ts";
import { type DocumentQueries, documentQueries, documentTables, populationInserts } from "./population-sql.ts";
import type { Postgres } from "./postgres.ts";

/** The gateway's settings for a database: `SQL_URI` and the four queries. */
export interface SqlEnvironment extends DocumentQueries {
  readonly SQL_URI: string;
}

export interface SqlEnvironmentOptions {
  /** Whether the users' queries read the status column; see {@link documentQueries}. */
  readonly status?: boolean;
}

/** Makes the three tables in PostgreSQL and fills them. */
export async function fillPostgres(
  postgres: Postgres,
  population: Population,
  options: SqlEnvironmentOptions = {},
): Promise<SqlEnvironment & Record<string, string>> {
  const statements = [...documentTables("postgres"), ...populationInserts(population, "postgres"), "ANALYZE"];
  await postgres.psql(`BEGIN;\n${statements.join(";\n")};\nCOMMIT;\n`);
  return { SQL_URI: postgres.url, ...documentQueries("postgres", options) };
}

/** Makes a new SQLite file with the three tables, filled. */
export function fillSqlite(
  file: string,
  population: Population,
  options: SqlEnvironmentOptions = {},
): SqlEnvironment & Record<string, string> {
  const database = new DatabaseSync(file);
  const statements = [...documentTables("sqlite"), ...populationInserts(population, "sqlite")];
  // Readers and a writer do not wait for each other in this mode.
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(`BEGIN;\n${statements.join(";\n")};\nCOMMIT;`);
  database.close();
  return { SQL_URI: `sqlite:${file}`, ...documentQueries("sqlite", options) };
}

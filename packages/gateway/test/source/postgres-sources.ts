/** Sources over one PostgreSQL server: its tables are as at first before each test, and what a test opened is closed after it. */
import { afterAll, beforeAll, beforeEach } from "vitest";
import { type Postgres, startPostgres } from "../../../../tests/lab/postgres.ts";
import { openSource, type Source, type SourceOptions, type SqlQueries } from "../../src/source/source.ts";
import { directorySql, documentedQueries } from "./directory.ts";

export interface PostgresSources {
  readonly postgres: Postgres;
  open(queries?: Partial<SqlQueries>, options?: Partial<SourceOptions>): Source;
}

/** To be called where a group of tests is described; the server is there once its tests run. */
export function postgresSources(): PostgresSources {
  let postgres: Postgres;
  const opened: Source[] = [];
  beforeAll(async () => {
    postgres = await startPostgres();
    await postgres.psql("CREATE EXTENSION citext");
  });
  beforeEach(async () => {
    await postgres.psql(directorySql);
    return async () => {
      await Promise.all(opened.splice(0).map((source) => source.close()));
    };
  });
  afterAll(() => postgres[Symbol.asyncDispose]());
  return {
    get postgres() {
      return postgres;
    },
    open(queries = {}, options = {}) {
      const source = openSource({ url: postgres.url, ...options, queries: { ...documentedQueries, ...queries } });
      opened.push(source);
      return source;
    },
  };
}

/** What a database holds, for somebody who has yet to write the queries: its columns, and what queries over them would serve. */
import { parseUser } from "./row.ts";
import { type Dialect, openSource, type SourceReport, type SqlQueries } from "./source.ts";
import { parseSqlUrl } from "./url.ts";

export interface DatabaseColumn {
  /** Undefined where the table is found without it. */
  readonly schema: string | undefined;
  readonly table: string;
  readonly name: string;
  /** As the database calls it: `character varying`, `int`, `TEXT`. */
  readonly type: string;
}

export interface DatabaseSurvey {
  readonly dialect: Dialect;
  readonly columns: readonly DatabaseColumn[];
}

/** More than that are not looked at: who has them knows which they are. */
const maxColumns = 20_000;

const columnQueries: Readonly<Record<Dialect, string>> = {
  postgres: `SELECT CASE WHEN table_schema = current_schema() THEN NULL ELSE table_schema END AS in_schema,
      table_name AS in_table, column_name AS name, data_type AS type
    FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
    ORDER BY table_schema, table_name, ordinal_position LIMIT ${maxColumns}`,
  mysql: `SELECT NULL AS in_schema, table_name AS in_table, column_name AS name, data_type AS type
    FROM information_schema.columns WHERE table_schema = DATABASE()
    ORDER BY table_name, ordinal_position LIMIT ${maxColumns}`,
  mariadb: `SELECT NULL AS in_schema, table_name AS in_table, column_name AS name, data_type AS type
    FROM information_schema.columns WHERE table_schema = DATABASE()
    ORDER BY table_name, ordinal_position LIMIT ${maxColumns}`,
  sqlite: `SELECT NULL AS in_schema, t.name AS in_table, c.name AS name, c.type AS type
    FROM sqlite_schema t JOIN pragma_table_info(t.name) c
    WHERE t.type IN ('table', 'view') AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' LIMIT ${maxColumns}`,
};

/**
 * Reads which columns there are: of the tables and views that this user of the database may read.
 *
 * @throws SourceError where the URL is none, or the database cannot be read
 */
export async function surveyDatabase(url: string): Promise<DatabaseSurvey> {
  const { dialect } = parseSqlUrl(url);
  const nobody = "SELECT 1 AS name WHERE '' = ?";
  const queries = { allUsers: columnQueries[dialect], allGroups: "SELECT 1", oneUser: nobody, groupsByMember: nobody };
  await using source = closing(openSource({ url, queries }));
  const columns: DatabaseColumn[] = [];
  for await (const rows of source.users()) {
    for (const { in_schema, in_table, name, type } of rows) {
      columns.push({
        schema: typeof in_schema === "string" ? in_schema : undefined,
        ...{ table: String(in_table), name: String(name), type: String(type) },
      });
    }
  }
  return { dialect, columns };
}

/** What `espalier config test` says of the queries, and how many of the users could log in. @throws SourceError */
export async function tryQueries(
  url: string,
  queries: SqlQueries,
): Promise<{ readonly report: SourceReport; readonly active: number }> {
  await using source = closing(openSource({ url, queries }));
  const report = await source.check();
  let active = 0;
  if (report.queries.some(({ query, problem }) => query === "allUsers" && problem !== undefined)) {
    return { report, active };
  }
  for await (const rows of source.users()) {
    for (const row of rows) {
      const parsed = parseUser(row);
      if ("user" in parsed && parsed.user.active) active += 1;
    }
  }
  return { report, active };
}

/** Whether the URL has a password in it. @throws SourceError where it is none */
export function hasPassword(url: string): boolean {
  const target = parseSqlUrl(url);
  return target.dialect !== "sqlite" && target.password !== undefined;
}

/** The URL, which has none yet, with the password. */
export function withPassword(url: string, password: string): string {
  return url.replace(/^([^:]+:\/\/[^:@/?#]*):?@/, (_, user) => `${user}:${encodeURIComponent(password)}@`);
}

function closing<T extends { close(): Promise<void> }>(source: T): T & AsyncDisposable {
  return Object.assign(source, { [Symbol.asyncDispose]: () => source.close() });
}

/** What the source needs of a database: rows of a statement, as a stream or at once, and what the dialect can and cannot do. */
import type { Dialect, Row, SqlQueries } from "./source.ts";
import type { Statement } from "./statement.ts";

/** The variable that each query comes from: what messages call it. */
export const queryNames: Readonly<Record<keyof SqlQueries, string>> = {
  oneUser: "SQL_QUERY_ONE_USER",
  allUsers: "SQL_QUERY_ALL_USERS",
  allGroups: "SQL_QUERY_ALL_GROUPS",
  groupsByMember: "SQL_QUERY_GROUPS_BY_MEMBER",
  memberships: "SQL_QUERY_ALL_MEMBERSHIPS",
};

/** Rows of a batch at most. */
export const batchRows = 500;

/** The queries, taken apart. */
export interface Statements {
  readonly oneUser: Statement;
  readonly allUsers: Statement;
  readonly allGroups: Statement;
  readonly groupsByMember: Statement;
  readonly memberships: Statement | undefined;
}

export interface DriverSettings {
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly refreshTimeoutMs: number;
}

/** The rows of one username out of a statement that asked for several: column `position`, 1 for the first of them. */
export const positionColumn = "espalier_position";
/** The user's name beside each of their groups, in the statement over all users. */
export const usernameColumn = "espalier_username";

/**
 * One database. Every method throws `SourceError` and nothing else, except for an aborted signal's reason. Short
 * reads and streams have connections of their own, so that a refresh never delays a login.
 */
export interface Driver {
  readonly dialect: Dialect;
  /** Product and version. */
  server(): Promise<string>;
  /** The whole result in batches of at most `batchRows`, with `refreshTimeoutMs` for each. */
  stream(query: keyof SqlQueries, sql: string, signal: AbortSignal | undefined): AsyncIterable<readonly Row[]>;
  /** The statement's rows for one username. */
  read(query: "oneUser" | "groupsByMember", statement: Statement, username: string): Promise<readonly Row[]>;
  /**
   * The statement's rows for each of several usernames, in one round trip: those of the first username first. Undefined
   * where this statement cannot be asked so.
   */
  readMany(
    query: "oneUser" | "groupsByMember",
    statement: Statement,
    usernames: readonly string[],
  ): Promise<readonly (readonly Row[])[] | undefined>;
  /** One statement that gives `usernameColumn` and the columns of `groupsByMember` for all users, or why there is none. */
  lateral(allUsers: Statement, groupsByMember: Statement): Promise<{ sql: string } | { reason: string }>;
  watch(onChange: () => void): Promise<void>;
  /**
   * What stays equal as long as `reads`, the statements of a refresh, would give the same rows; undefined where that
   * cannot be known for much less than reading them.
   */
  version(reads: readonly string[] | undefined): Promise<string | undefined>;
  close(): Promise<void>;
}

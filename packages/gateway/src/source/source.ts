/** The operator's own tables, read through the operator's own queries: users, groups, and who is in which. */
import type { Driver } from "./driver.ts";
import { SourceError } from "./error.ts";
import { MysqlDriver } from "./mysql.ts";
import { PostgresDriver } from "./postgres.ts";
import { parseQueries, SqlSource } from "./sql-source.ts";
import { SqliteDriver } from "./sqlite.ts";
import { parseSqlUrl, type SqlTarget } from "./url.ts";

export { SourceError };

export type Dialect = "postgres" | "mysql" | "mariadb" | "sqlite";

/** A raw row of an operator's query, by column name as the query spells it. `parseUser` and `parseGroup` read it. */
export type Row = Readonly<Record<string, unknown>>;

/** SQL as the operator wrote it. A `?` outside literals, quoted names and comments is the username, always bound. */
export interface SqlQueries {
  oneUser: string;
  allUsers: string;
  allGroups: string;
  groupsByMember: string;
  /** Optional: rows of `username` and `name` (or `gid_number`), one for each membership. */
  memberships?: string;
}

/** A user's row once it has proved to be one. */
export interface User {
  readonly username: string;
  readonly uidNumber: number;
  readonly gidNumber: number;
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
  readonly fullName?: string | undefined;
  readonly mail: readonly string[];
  readonly homeDirectory?: string | undefined;
  readonly loginShell?: string | undefined;
  /** The stored hash. A secret. */
  readonly password?: string | undefined;
  /** The user's own chain of authentication backends, as the column has it. */
  readonly authBackends?: string | undefined;
  /** False where the row has a `status` that is anything but `active`: not served, cannot bind. */
  readonly active: boolean;
  readonly sshPublicKeys: readonly string[];
  readonly createdAt?: Date | undefined;
  readonly updatedAt?: Date | undefined;
}

/** A group's row once it has proved to be one. */
export interface Group {
  readonly name: string;
  readonly gidNumber: number;
  readonly memberUids: readonly string[];
  /** Members given as DNs, as the column spells them. */
  readonly memberDns: readonly string[];
  /** Groups nested in this one, by name, where the row has them. */
  readonly memberGroups: readonly string[];
  readonly createdAt?: Date | undefined;
  readonly updatedAt?: Date | undefined;
}

/** One user in one group, both as the database spells them. */
export interface Membership {
  readonly username: string;
  readonly groupName: string;
}

/** How memberships are read: the fifth query; one LATERAL statement over all users; or the members in bounded batches. */
export type MembershipStrategy = "query" | "lateral" | "batches";

export interface SkippedRow {
  /** 1 for the first row the query gave. */
  readonly row: number;
  /** One sentence that names the column; never a password. */
  readonly reason: string;
}

/** What one of the queries gave when it was tried. */
export interface QueryReport {
  readonly query: keyof SqlQueries;
  /** Rows that came; for the two queries of one user, of the user that was tried. */
  readonly rows: number;
  readonly durationMs: number;
  readonly columns: readonly string[];
  /** Required columns that the result does not have. */
  readonly missingColumns: readonly string[];
  readonly skipped: number;
  /** The first 100 of those skipped. */
  readonly skippedRows: readonly SkippedRow[];
  /** Why the query failed, or what is odd about its answer. */
  readonly problem?: string;
}

/** What `espalier config test` says about the database. */
export interface SourceReport {
  readonly dialect: Dialect;
  /** Product and version, as the server gives them. */
  readonly server: string;
  readonly queries: readonly QueryReport[];
  readonly membership: {
    readonly strategy: MembershipStrategy;
    readonly reason: string;
    readonly memberships: number;
    readonly durationMs: number;
    readonly problem?: string;
  };
}

/**
 * The three reads of a refresh hold at most one batch in memory and give the event loop back between batches. Every
 * method throws `SourceError` when the database could not be asked: an empty answer means that there is nobody.
 */
export interface Source {
  readonly dialect: Dialect;
  /** All users, in batches of at most 500 rows. Leaving the loop early frees the connection. */
  users(signal?: AbortSignal): AsyncIterable<readonly Row[]>;
  /** All groups, in batches of at most 500 rows. */
  groups(signal?: AbortSignal): AsyncIterable<readonly Row[]>;
  /**
   * Who is in which group, for at least the users named: the fifth query and the LATERAL statement give all there
   * are, so a caller ignores names it does not know. Names are spelt as the database spells them.
   */
  memberships(usernames: readonly string[], signal?: AbortSignal): AsyncIterable<readonly Membership[]>;
  /**
   * The user's row, read after the call was made. Concurrent calls share a round trip. Where the query gives several
   * rows, the one whose `username` is spelt as asked, else the first.
   */
  user(username: string): Promise<Row | undefined>;
  /** The groups of one user, read after the call was made. */
  groupsOf(username: string): Promise<readonly Row[]>;
  /**
   * PostgreSQL: listens on `espalier_changed` and calls back at most once in 50 ms while changes come in; listens again after a
   * lost connection, and then calls back once as something may have been missed. Elsewhere it does nothing. Resolves
   * after the first attempt, whether or not it succeeded; never rejects for an outage. Called again, it has the new
   * listener in the place of the old.
   */
  watch(onChange: () => void): Promise<void>;
  /**
   * A token that stays equal as long as a refresh would read the same, to be read *before* a refresh and compared before
   * the next. SQLite has one for the price of a system call; PostgreSQL adds up 64-bit hashes of the rows, which costs it
   * the queries and this process nothing. MySQL has none, and there the answer is `undefined`, which is never equal.
   */
  version(): Promise<string | undefined>;
  /** Runs every query once. A query that fails is in the report; only an outage throws. */
  check(): Promise<SourceReport>;
  /** Ends what runs and closes all connections. Calls after it throw `ERR_SOURCE_UNAVAILABLE`. */
  close(): Promise<void>;
}

export interface SourceOptions {
  /** `SQL_URI`. */
  url: string;
  queries: SqlQueries;
  /** `SQL_SSL`: false turns TLS off whatever the URL says. Default: as the URL says. */
  ssl?: boolean;
  /** For a TCP connection, TLS and login, and for a free place in the pool. Default 3,000. */
  connectTimeoutMs?: number;
  /** For `user` and `groupsOf`. Default 3,000: SSSD gives a search 6 s. */
  readTimeoutMs?: number;
  /** For each batch of the reads of all users, groups and memberships. Default 60,000. */
  refreshTimeoutMs?: number;
}

/**
 * Opens nothing yet: the first call connects, and so does the first one after an outage.
 *
 * @throws SourceError `ERR_SOURCE_URL`, or `ERR_SOURCE_QUERY` for a query that cannot be one
 */
export function openSource(options: SourceOptions): Source {
  const target = parseSqlUrl(options.url, options.ssl === undefined ? {} : { ssl: options.ssl });
  return new SqlSource(openDriver(target, options), parseQueries(options.queries, target.dialect));
}

function openDriver(target: SqlTarget, options: SourceOptions): Driver {
  const { connectTimeoutMs = 3_000, readTimeoutMs = 3_000, refreshTimeoutMs = 60_000 } = options;
  const settings = { connectTimeoutMs, readTimeoutMs, refreshTimeoutMs };
  switch (target.dialect) {
    case "postgres":
      return new PostgresDriver(target, settings);
    case "mysql":
    case "mariadb":
      return new MysqlDriver(target, settings);
    case "sqlite":
      return new SqliteDriver(target, settings);
  }
}

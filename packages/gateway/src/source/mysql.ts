/** MySQL and MariaDB as a source: streamed results for what is read whole, joined statements for what somebody waits for. */
import type mysql from "mysql2";
import { withDeadline } from "./deadline.ts";
import { batchRows, type Driver, type DriverSettings, positionColumn, queryNames, usernameColumn } from "./driver.ts";
import { SourceError } from "./error.ts";
import { breakOff, MysqlConnections, mysqlError } from "./mysql-connection.ts";
import type { Row, SqlQueries } from "./source.ts";
import { asWritten, type Statement } from "./statement.ts";
import type { ServerTarget } from "./url.ts";

/** Connections at most: for `user` and `groupsOf`, and for the reads of everything. */
const maxReadConnections = 4;
const maxStreamConnections = 3;

export class MysqlDriver implements Driver {
  readonly dialect: "mysql" | "mariadb";
  readonly #target: ServerTarget;
  readonly #settings: DriverSettings;
  readonly #reads: MysqlConnections;
  readonly #streams: MysqlConnections;
  readonly #canJoin = new Map<Statement, Promise<boolean>>();

  constructor(target: ServerTarget, settings: DriverSettings) {
    this.dialect = target.dialect === "mariadb" ? "mariadb" : "mysql";
    this.#target = target;
    this.#settings = settings;
    const connections = (maxConnections: number, statementTimeoutMs: number | undefined) =>
      new MysqlConnections(target, { connectTimeoutMs: settings.connectTimeoutMs, maxConnections, statementTimeoutMs });
    this.#reads = connections(maxReadConnections, settings.readTimeoutMs);
    this.#streams = connections(maxStreamConnections, undefined);
  }

  async server(): Promise<string> {
    const rows = await this.#execute("The question for its version", "SELECT VERSION() AS version", []);
    const version = String(rows[0]?.version);
    return version.includes("MariaDB") ? `MariaDB ${version}` : `MySQL ${version}`;
  }

  async *stream(query: keyof SqlQueries, sql: string, signal: AbortSignal | undefined): AsyncGenerator<readonly Row[]> {
    const what = queryNames[query];
    signal?.throwIfAborted();
    const connection = await this.#streams.borrow(what);
    const result = connection.query(sql).stream({ highWaterMark: batchRows });
    // The driver tells a statement without a callback nothing of a lost connection.
    const onLost = (error?: Error) => result.destroy(error ?? new Error("the server closed the connection"));
    connection.once("error", onLost);
    connection.once("end", onLost);
    let isWhole = false;
    try {
      const rows = result[Symbol.asyncIterator]();
      for (;;) {
        const batch: Row[] = [];
        const fill = async () => {
          while (batch.length < batchRows) {
            const next = await rows.next();
            if (next.done === true) return true;
            batch.push(next.value as Row);
          }
          return false;
        };
        const abandon = () => breakOff(connection);
        isWhole = await withDeadline(fill(), this.#settings.refreshTimeoutMs, what, abandon, signal);
        if (batch.length > 0) yield batch;
        if (isWhole) break;
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw mysqlError(error, what, this.#target);
    } finally {
      connection.off("error", onLost);
      connection.off("end", onLost);
      // Left early, the rest of the rows is still on its way.
      if (!isWhole) breakOff(connection);
      this.#streams.giveBack(connection, isWhole);
    }
  }

  read(query: "oneUser" | "groupsByMember", statement: Statement, username: string): Promise<readonly Row[]> {
    const values = Array.from({ length: statement.placeholders }, () => username);
    return this.#execute(
      queryNames[query],
      statement.text(() => "?"),
      values,
    );
  }

  async readMany(
    query: "oneUser" | "groupsByMember",
    statement: Statement,
    usernames: readonly string[],
  ): Promise<readonly (readonly Row[])[] | undefined> {
    if (!(await this.#joins(statement))) return undefined;
    // Few sizes, so that few statements are prepared; nobody is called NULL.
    const size = 2 ** Math.ceil(Math.log2(Math.max(usernames.length, 2)));
    const padding = Array.from({ length: size - usernames.length }, () => null);
    const values = [...usernames, ...padding].flatMap((username) =>
      Array.from({ length: statement.placeholders }, () => username),
    );
    const answers: Row[][] = usernames.map(() => []);
    for (const row of await this.#execute(queryNames[query], unionOf(statement, size), values)) {
      answers[Number(row[positionColumn]) - 1]?.push(row);
    }
    return answers;
  }

  async lateral(allUsers: Statement, groupsByMember: Statement): Promise<{ sql: string } | { reason: string }> {
    const server = await this.server();
    if (!hasLateral(server)) return { reason: `${server} has no LATERAL (MySQL has it since 8.0.14)` };
    const sql =
      `SELECT espalier_u.username AS ${usernameColumn}, espalier_g.* FROM (${allUsers.text(asWritten)}\n) AS espalier_u ` +
      `CROSS JOIN LATERAL (${groupsByMember.text(() => "espalier_u.username")}\n) AS espalier_g`;
    const refusal = await this.#refusal(sql);
    return refusal === undefined ? { sql } : { reason: refusal };
  }

  watch(): Promise<void> {
    return Promise.resolve();
  }

  /** A sum over the rows would need their columns' names, and a hash that is good enough to rely on. */
  version(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async close(): Promise<void> {
    await Promise.all([this.#reads.close(), this.#streams.close()]);
  }

  async #joins(statement: Statement): Promise<boolean> {
    let canJoin = this.#canJoin.get(statement);
    if (canJoin === undefined) {
      canJoin = this.#refusal(unionOf(statement, 2)).then((refusal) => refusal === undefined);
      this.#canJoin.set(statement, canJoin);
      canJoin.catch(() => this.#canJoin.delete(statement));
    }
    return canJoin;
  }

  /** Why the server will not prepare the text, or undefined when it will. */
  async #refusal(sql: string): Promise<string | undefined> {
    try {
      await this.#session("A joined query", (connection) => {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        connection.prepare(sql, (error, statement) => {
          if (error !== null) return reject(error);
          statement.close();
          resolve();
        });
        return promise;
      });
      return undefined;
    } catch (error) {
      if (error instanceof SourceError && error.code === "ERR_SOURCE_QUERY") return error.message;
      throw error;
    }
  }

  /** Runs one prepared statement; once more when the connection turns out to have been lost, as it is after a restart. */
  async #execute(what: string, sql: string, values: readonly (string | null)[]): Promise<readonly Row[]> {
    const attempt = () =>
      this.#session(what, (connection) => {
        const { promise, resolve, reject } = Promise.withResolvers<readonly Row[]>();
        connection.execute<mysql.RowDataPacket[]>(sql, [...values], (error, rows) =>
          error === null ? resolve(rows) : reject(error),
        );
        return promise;
      });
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof SourceError && error.code === "ERR_SOURCE_UNAVAILABLE")) throw error;
      return attempt();
    }
  }

  async #session<T>(what: string, work: (connection: mysql.PoolConnection) => Promise<T>): Promise<T> {
    const connection = await this.#reads.borrow(what);
    let isWhole = true;
    try {
      // The server's own time-out comes first, unless the server is out of reach.
      const abandon = () => breakOff(connection);
      return await withDeadline(work(connection), this.#settings.readTimeoutMs + 500, what, abandon);
    } catch (error) {
      const failure = mysqlError(error, what, this.#target);
      isWhole = failure.code === "ERR_SOURCE_QUERY";
      throw failure;
    } finally {
      this.#reads.giveBack(connection, isWhole);
    }
  }
}

/**
 * The statement `count` times, each with parameters of its own. A list joined by LATERAL would be shorter, but a column
 * brings a collation with it where a parameter takes the other side's, and MariaDB has no LATERAL.
 */
function unionOf(statement: Statement, count: number): string {
  const sql = statement.text(() => "?");
  return Array.from(
    { length: count },
    (_, index) => `SELECT ${index + 1} AS ${positionColumn}, espalier_row.* FROM (${sql}\n) AS espalier_row`,
  ).join(" UNION ALL ");
}

function hasLateral(server: string): boolean {
  const version = /^MySQL (\d+)\.(\d+)\.(\d+)/.exec(server);
  if (version === null) return false;
  const [major = 0, minor = 0, patch = 0] = version.slice(1).map(Number);
  return major > 8 || (major === 8 && (minor > 0 || patch >= 14));
}

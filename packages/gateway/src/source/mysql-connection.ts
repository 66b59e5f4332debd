/** Connections to MySQL and MariaDB: how they are made and lent, and what the servers' errors mean here. */
import type { Socket } from "node:net";
import mysql from "mysql2";
import { withDeadline } from "./deadline.ts";
import { reasonOf, SourceError } from "./error.ts";
import { tlsOptions } from "./tls.ts";
import { describeTarget, type ServerTarget } from "./url.ts";

/** Enough for the members of any group: the servers' own limit, 1 KB on MySQL, cuts a longer list short without a word. */
const maxGroupConcatBytes = 64 * 1024 * 1024;
const idleTimeoutMs = 60_000;

interface LendingOptions {
  readonly connectTimeoutMs: number;
  readonly maxConnections: number;
  /** After this long the server itself ends a statement; undefined where its result is streamed. */
  readonly statementTimeoutMs: number | undefined;
}

/** A pool of connections that are set up alike. */
export class MysqlConnections {
  readonly #target: ServerTarget;
  readonly #connectTimeoutMs: number;
  readonly #pool: mysql.Pool;
  readonly #borrowed = new Set<mysql.PoolConnection>();

  constructor(target: ServerTarget, options: LendingOptions) {
    this.#target = target;
    this.#connectTimeoutMs = options.connectTimeoutMs;
    const tls = tlsOptions(target);
    this.#pool = mysql.createPool({
      ...(target.socketPath === undefined
        ? { host: target.host, port: target.port }
        : { socketPath: target.socketPath }),
      user: target.user,
      ...(target.password === undefined ? {} : { password: target.password }),
      database: target.database,
      ...(tls === false ? {} : { ssl: { ...tls, verifyIdentity: target.tls.mode === "verify-full" } }),
      charset: "utf8mb4",
      // A DATETIME has no zone; it is UTC, whatever zone this process is in.
      timezone: "Z",
      supportBigNumbers: true,
      connectTimeout: options.connectTimeoutMs,
      connectionLimit: options.maxConnections,
      // Those above it are closed within a second, and the last one after `idleTimeout`.
      maxIdle: 1,
      idleTimeout: idleTimeoutMs,
      enableKeepAlive: true,
      keepAliveInitialDelay: 10_000,
      // The server is not to ask for files of this machine.
      flags: ["-LOCAL_FILES"],
    });
    this.#pool.on("connection", (connection) => {
      connection.on("error", () => undefined);
      // Queued before the statement that the connection was made for. What one product has the other does not know.
      const session = ["TRANSACTION READ ONLY", `group_concat_max_len = ${maxGroupConcatBytes}`];
      if (options.statementTimeoutMs !== undefined) {
        session.push(`max_statement_time = ${options.statementTimeoutMs / 1000}`);
        session.push(`max_execution_time = ${options.statementTimeoutMs}`);
      }
      for (const setting of session) connection.query(`SET SESSION ${setting}`, () => undefined);
    });
  }

  /** A free connection. It must be given back, whole or not. */
  async borrow(what: string): Promise<mysql.PoolConnection> {
    let isLate = false;
    const arrival = new Promise<mysql.PoolConnection>((resolve, reject) => {
      this.#pool.getConnection((error, connection) => {
        if (error !== null) reject(error);
        else if (isLate) connection.release();
        else resolve(connection);
      });
    });
    try {
      const connection = await withDeadline(arrival, this.#connectTimeoutMs + 500, what, () => {
        isLate = true;
      });
      this.#borrowed.add(connection);
      return connection;
    } catch (error) {
      throw mysqlError(error, what, this.#target);
    }
  }

  giveBack(connection: mysql.PoolConnection, isWhole: boolean): void {
    if (!this.#borrowed.delete(connection)) return;
    if (isWhole) connection.release();
    else connection.destroy();
  }

  /** Also breaks off what runs. */
  async close(): Promise<void> {
    for (const connection of this.#borrowed) {
      breakOff(connection);
      this.giveBack(connection, false);
    }
    await new Promise<void>((resolve) => this.#pool.end(() => resolve()));
  }
}

/** Breaks the connection off under a statement that runs on it, which then fails. */
export function breakOff(connection: mysql.PoolConnection): void {
  // `destroy` of the driver would close it in an orderly way, wait for a peer that may be gone, and tell nobody.
  (connection as unknown as { stream: Socket }).stream.destroy(new Error("the connection was broken off"));
}

/** Errors with which the server says that it cannot serve anybody now, or not us. */
const unavailableErrors = new Set([
  ...[1040, 1042, 1043, 1044, 1045, 1049, 1053, 1077, 1079, 1129, 1130, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1226],
  ...[1927, 3032, 3118, 3159, 3169, 4031],
]);
/** Query interrupted; MariaDB's and MySQL's own time-outs; a lock that was not had in time. */
const timeoutErrors = new Set([1205, 1317, 1969, 3024]);

/** @param what the query, or what else was tried, as the beginning of a sentence */
export function mysqlError(error: unknown, what: string, target: ServerTarget): SourceError {
  if (error instanceof SourceError) return error;
  const place = `the database ${describeTarget(target)}`;
  const { message } = reasonOf(error);
  const { errno = 0, sqlState } = error as { errno?: number; sqlState?: string };
  // Only what the server said has a state, and a number outside of the client library's.
  if (sqlState === undefined || errno < 1000 || (errno >= 2000 && errno < 3000)) {
    return new SourceError("ERR_SOURCE_UNAVAILABLE", `${what} could not reach ${place}: ${message}.`, { cause: error });
  }
  if (timeoutErrors.has(errno)) {
    return new SourceError("ERR_SOURCE_TIMEOUT", `${what} was stopped by ${place}: ${message} (${errno}).`, {
      cause: error,
    });
  }
  const code = unavailableErrors.has(errno) ? "ERR_SOURCE_UNAVAILABLE" : "ERR_SOURCE_QUERY";
  return new SourceError(code, `${what} was refused by ${place}: ${message} (${errno}).`, { cause: error });
}

/** Connections to PostgreSQL, lent for as long as one piece of work takes. */
import pg from "pg";
import { withDeadline } from "./deadline.ts";
import { batchRows, type DriverSettings } from "./driver.ts";
import { SourceError } from "./error.ts";
import { ColumnTypes, clientConfig, postgresError } from "./postgres-connection.ts";
import { askPrepared, type PreparedStatement } from "./postgres-prepared.ts";
import type { Row } from "./source.ts";
import type { ServerTarget } from "./url.ts";

/** Connections at most: for what somebody waits for, and for the reads of everything. The listener has one more. */
const maxReadConnections = 4;
const maxStreamConnections = 3;
const idleTimeoutMs = 60_000;
/** By how much our own time-out comes after the server's, which tells more: ours is for a server out of reach. */
const graceMs = 500;

/** Has the server end a query whose client has gone away, instead of running it for nobody. PostgreSQL 14 and later. */
const noticeOurEnd = `SELECT pg_catalog.set_config(name, '1s', false) FROM pg_catalog.pg_settings
  WHERE name = 'client_connection_check_interval'`;

/** What is done with a borrowed connection, one statement after the other. */
export type SessionWork<T> = (run: (statement: string | PreparedStatement) => Promise<readonly Row[]>) => Promise<T>;

export class PostgresSessions {
  /** What a client of one's own is made with. */
  readonly config: pg.ClientConfig;
  readonly #target: ServerTarget;
  readonly #settings: DriverSettings;
  readonly #types = new ColumnTypes();
  readonly #reads: pg.Pool;
  readonly #streams: pg.Pool;
  readonly #borrowed = new Set<pg.PoolClient>();

  constructor(target: ServerTarget, settings: DriverSettings) {
    this.#target = target;
    this.#settings = settings;
    this.config = clientConfig(target, this.#types, settings.connectTimeoutMs);
    this.#reads = this.#createPool(maxReadConnections, settings.readTimeoutMs);
    this.#streams = this.#createPool(maxStreamConnections, settings.refreshTimeoutMs);
  }

  /** Does the work on a connection of its own, with `readTimeoutMs` for each statement. */
  async session<T>(what: string, work: SessionWork<T>): Promise<T> {
    const client = await this.#borrow(this.#reads, what);
    let isBroken = false;
    try {
      return await work((statement) => run(client, statement, this.#settings.readTimeoutMs, what));
    } catch (error) {
      const failure = postgresError(error, what, this.#target);
      isBroken = failure.code !== "ERR_SOURCE_QUERY";
      throw failure;
    } finally {
      this.#giveBack(client, isBroken);
    }
  }

  /** Runs one statement; once more when its connection turns out to have been lost, as all are by a restart of the server. */
  async query(what: string, statement: string | PreparedStatement): Promise<readonly Row[]> {
    let wasConnected = false;
    const attempt = () =>
      this.session(what, (runStatement) => {
        wasConnected = true;
        return runStatement(statement);
      });
    try {
      return await attempt();
    } catch (error) {
      if (wasConnected && error instanceof SourceError && error.code === "ERR_SOURCE_UNAVAILABLE") return attempt();
      throw error;
    }
  }

  /** The result of a query in batches, fetched as they are asked for, with `refreshTimeoutMs` for each. */
  async *cursor(what: string, sql: string, signal: AbortSignal | undefined): AsyncGenerator<readonly Row[]> {
    signal?.throwIfAborted();
    const client = await this.#borrow(this.#streams, what);
    const step = (text: string) => run(client, text, this.#settings.refreshTimeoutMs, what, signal);
    let isDone = false;
    try {
      await step("BEGIN");
      // Everything will be fetched, so the plan is to be the fastest to the last row, not to the first.
      await step("SET LOCAL cursor_tuple_fraction = 1");
      await step(`DECLARE espalier_rows NO SCROLL CURSOR FOR ${sql}`);
      const fetch = () => {
        const fetched = step(`FETCH ${batchRows} FROM espalier_rows`);
        // Nobody may wait for it any more when it fails.
        fetched.catch(() => undefined);
        return fetched;
      };
      for (let fetched = fetch(), isLast = false; !isLast; ) {
        const rows = await fetched;
        isLast = rows.length < batchRows;
        // The server gathers the next batch while this one is worked on.
        if (!isLast) fetched = fetch();
        if (rows.length > 0) yield rows;
      }
      await step("COMMIT");
      isDone = true;
    } catch (error) {
      signal?.throwIfAborted();
      throw postgresError(error, what, this.#target);
    } finally {
      this.#giveBack(client, !isDone);
    }
  }

  /** Also breaks off what runs. */
  async close(): Promise<void> {
    for (const client of this.#borrowed) this.#giveBack(client, true);
    await Promise.all([this.#reads.end(), this.#streams.end()]);
  }

  #createPool(max: number, statementTimeoutMs: number): pg.Pool {
    const prepare = async (client: pg.ClientBase) => {
      await client.query(
        `SET default_transaction_read_only = on; SET statement_timeout = ${statementTimeoutMs}; ${noticeOurEnd}`,
      );
      await this.#types.learn(client);
    };
    const pool = new pg.Pool({
      ...this.config,
      max,
      idleTimeoutMillis: idleTimeoutMs,
      // The pool ends a connection for which this fails.
      onConnect: (client) =>
        withDeadline(prepare(client), this.#settings.connectTimeoutMs, "The login", () => undefined),
    });
    // A connection that breaks while nothing runs on it: the pool drops it, and the next call connects.
    pool.on("error", () => undefined);
    pool.on("connect", (client) => client.on("error", () => undefined));
    return pool;
  }

  async #borrow(pool: pg.Pool, what: string): Promise<pg.PoolClient> {
    try {
      const client = await pool.connect();
      this.#borrowed.add(client);
      return client;
    } catch (error) {
      throw postgresError(error, what, this.#target);
    }
  }

  #giveBack(client: pg.PoolClient, isBroken: boolean): void {
    if (this.#borrowed.delete(client)) client.release(isBroken);
  }
}

function run(
  client: pg.PoolClient,
  statement: string | PreparedStatement,
  timeoutMs: number,
  what: string,
  signal?: AbortSignal,
): Promise<readonly Row[]> {
  // With a query under way, this breaks the connection off.
  const abandon = () => void client.end().catch(() => undefined);
  const answer = typeof statement === "string" ? rowsOf(client, statement) : askPrepared(client, statement);
  return withDeadline(answer, timeoutMs + graceMs, what, abandon, signal);
}

/**
 * With a callback: of the answers that the driver gives by promise each was seen to keep the next alive until old space was
 * collected. In a refresh of 100,000 users that was 60 MB, and pauses of 20 to 40 ms for the collector instead of 1.
 */
function rowsOf(client: pg.PoolClient, sql: string): Promise<readonly Row[]> {
  return new Promise((resolve, reject) => {
    client.query<Row>(sql, (error, result) => (error ? reject(error) : resolve(result.rows)));
  });
}

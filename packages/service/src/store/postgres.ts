/**
 * The store in PostgreSQL, which several nodes share. A transaction's statements are sent without waiting for one
 * another's answers (the driver's pipeline mode) as far as its work lets them: BEGIN and COMMIT cost no round trip.
 */
import pg from "pg";
import type { Driver, QueryResult, Row, Session } from "./driver.ts";
import { isUnavailable, StoreError } from "./error.ts";
import { postgresError } from "./postgres-error.ts";
import { PostgresListener } from "./postgres-listener.ts";
import { type Statement, sql } from "./statement.ts";

const connectTimeoutMs = 5_000;
const idleTimeoutMs = 60_000;
/** The server ends a statement after this, a frozen node's transaction too, so that its locks do not stop the others. */
const statementTimeoutMs = 30_000;
/** Ours comes after the server's, for a server out of reach. */
const queryTimeoutMs = 35_000;
/** The one channel of the database; its payload is the store's channel that was woken. */
const wakeChannel = "espalier";
const maxReadConnections = 4;
/** Of the advisory lock under which migrations run: any number that nothing else in the database uses. */
const migrationLock = 0x6573_7061;

export class PostgresDriver implements Driver {
  readonly database = "postgres";
  readonly place: string;
  readonly #config: pg.ClientConfig;
  readonly #writes: pg.Pool;
  readonly #reads: pg.Pool;
  #listener: PostgresListener | undefined;

  /** @param place what messages call the database, without user and password */
  constructor(url: string, place: string) {
    this.place = place;
    this.#config = {
      connectionString: url,
      application_name: "espalier",
      connectionTimeoutMillis: connectTimeoutMs,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: statementTimeoutMs,
      query_timeout: queryTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      types: columnTypes,
    };
    this.#writes = createPool({ ...this.#config, pipeline: true, max: 1 });
    this.#reads = createPool({ ...this.#config, max: maxReadConnections });
  }

  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    for (let mayRetry = true; ; mayRetry = false) {
      const session = new PostgresSession(await this.#borrow(this.#writes), this.place);
      try {
        session.begin();
        const result = await work(session);
        await session.commit();
        return result;
      } catch (error) {
        // A connection that a restart of the server had ended, as is found out now: nothing was done on it.
        if (mayRetry && !session.isBegun && isUnavailable(error)) continue;
        throw error;
      } finally {
        await session.end();
      }
    }
  }

  async exclusively<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const { query_timeout: _, statement_timeout: __, ...config } = this.#config;
    const client = new pg.Client(config);
    client.on("error", () => undefined);
    try {
      await client.connect();
    } catch (error) {
      throw postgresError(error, this.place);
    }
    const session = new PostgresSession(client, this.place);
    try {
      session.begin();
      await session.query(sql`SELECT pg_advisory_xact_lock(${migrationLock})`);
      const result = await work(session);
      await session.commit();
      return result;
    } finally {
      await client.end();
    }
  }

  async read(statement: Statement): Promise<readonly Row[]> {
    const client = await this.#borrow(this.#reads);
    let isBroken = false;
    try {
      return (await run(client, statement)).rows;
    } catch (error) {
      const failure = postgresError(error, this.place);
      isBroken = isUnavailable(failure);
      throw failure;
    } finally {
      client.release(isBroken);
    }
  }

  async watch(onWake: (channel: string | undefined) => void): Promise<void> {
    this.#listener = new PostgresListener(this.#config, wakeChannel, onWake);
    await this.#listener.start();
  }

  async close(): Promise<void> {
    await Promise.all([this.#listener?.stop(), this.#writes.end(), this.#reads.end()]);
  }

  async #borrow(pool: pg.Pool): Promise<pg.PoolClient> {
    if (pool.ending) throw new StoreError("ERR_STORE_CLOSED", "The store has been closed.");
    try {
      return await pool.connect();
    } catch (error) {
      throw postgresError(error, this.place);
    }
  }
}

/** What one of the pool has, and the driver's types leave out of it. */
type Client = pg.ClientBase & Pick<pg.Client, "connection"> & Partial<Pick<pg.PoolClient, "release">>;

class PostgresSession implements Session {
  readonly #client: Client;
  readonly #place: string;
  #beginning: Promise<unknown> = Promise.resolve();
  #state: "open" | "committed" | "lost" = "open";
  /** Statements that go with the commit. */
  readonly #wakes: string[] = [];
  isBegun = false;

  constructor(client: pg.ClientBase, place: string) {
    this.#client = client as Client;
    this.#place = place;
  }

  begin(): void {
    this.#gather();
    this.#beginning = this.#client.query("BEGIN").then(
      () => {
        this.isBegun = true;
      },
      // The next statement fails as well.
      () => undefined,
    );
  }

  query(statement: Statement): Promise<QueryResult> {
    return this.#attempt(() => run(this.#client, statement));
  }

  async script(text: string): Promise<void> {
    await this.#attempt(() => this.#client.query(text));
  }

  wake(channel: string): void {
    this.#wakes.push(`NOTIFY ${wakeChannel}, ${pg.escapeLiteral(channel)}`);
  }

  async commit(): Promise<void> {
    const answer: pg.QueryResult | pg.QueryResult[] = await this.#attempt(() =>
      this.#client.query([...this.#wakes, "COMMIT"].join("; ")),
    );
    // So PostgreSQL answers where a statement had failed.
    if ([answer].flat().at(-1)?.command === "ROLLBACK") {
      throw new StoreError("ERR_STORE_QUERY", "The transaction was not committed: one of its statements had failed.");
    }
    this.#state = "committed";
  }

  /** Takes back what was not committed, and gives the connection back if it still works. */
  async end(): Promise<void> {
    await this.#beginning;
    if (this.#state === "open") await this.#client.query("ROLLBACK").catch(() => this.#lose());
    this.#client.release?.(this.#state === "lost");
  }

  /** What is asked for before anything else is waited for is one write: each wakes the server. */
  #gather(): void {
    const { stream } = this.#client.connection;
    if (stream.writableCorked > 0) return;
    stream.cork();
    process.nextTick(() => stream.uncork());
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    this.#gather();
    try {
      return await work();
    } catch (error) {
      const failure = postgresError(error, this.#place);
      if (isUnavailable(failure)) this.#lose();
      throw failure;
    }
  }

  #lose(): void {
    this.#state = "lost";
  }
}

async function run(client: pg.ClientBase, statement: Statement): Promise<QueryResult> {
  const { text, values } = statement.render("postgres");
  const { rows, rowCount } = statement.isPrepared
    ? await client.query<Row>({ name: nameOf(text), text, values: [...values] })
    : await client.query<Row>(text, [...values]);
  return { rows, changes: rowCount ?? 0 };
}

/** Of the prepared statements, which are as many as there are places in the code that ask for one. */
const names = new Map<string, string>();

function nameOf(text: string): string {
  const name = names.get(text) ?? `espalier_${names.size}`;
  names.set(text, name);
  return name;
}

const bigintOid = 20;

/** Times and positions are bigint, and far below 2^53. */
const columnTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text") =>
    oid === bigintOid ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

function createPool(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({ ...config, idleTimeoutMillis: idleTimeoutMs });
  // A connection that breaks while nothing runs on it: the pool drops it, and the next call connects.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

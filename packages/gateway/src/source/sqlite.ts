/** SQLite as a source: a file that is only ever read. */
import { statSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setTimeout as delay, setImmediate } from "node:timers/promises";
import { batchRows, type Driver, type DriverSettings, queryNames } from "./driver.ts";
import { SourceError } from "./error.ts";
import type { Row, SqlQueries } from "./source.ts";
import type { Statement } from "./statement.ts";
import type { FileTarget } from "./url.ts";

/** SQLite waits for a lock within the call, where nothing else can run: a moment only; between attempts the rest goes on. */
const lockWaitMs = 5;
const lockRetryMs = 20;

/** Primary result codes: SQLITE_BUSY and SQLITE_LOCKED. */
const lockedCodes = new Set([5, 6]);
/** PERM, ABORT, NOMEM, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, AUTH, NOTADB: nobody can read, whatever the query. */
const unavailableCodes = new Set([3, 4, 7, 9, 10, 11, 13, 14, 15, 23, 26]);

export class SqliteDriver implements Driver {
  readonly dialect = "sqlite";
  readonly #path: string;
  readonly #settings: DriverSettings;
  /**
   * Two connections: while a result is being streamed its connection sees the database as it was when that began, and
   * what somebody waits for must be fresh.
   */
  readonly #reads: SqliteFile;
  readonly #streams: SqliteFile;

  constructor(target: FileTarget, settings: DriverSettings) {
    this.#path = target.path;
    this.#settings = settings;
    this.#reads = new SqliteFile(target.path);
    this.#streams = new SqliteFile(target.path);
  }

  async server(): Promise<string> {
    const sql = "SELECT sqlite_version() AS version";
    const [row] = await this.#attempt("The question for its version", () => this.#reads.prepare(sql).all() as Row[]);
    return `SQLite ${String(row?.version)}`;
  }

  async *stream(query: keyof SqlQueries, sql: string, signal: AbortSignal | undefined): AsyncGenerator<readonly Row[]> {
    const what = queryNames[query];
    signal?.throwIfAborted();
    // A lock is met at the first row, if at all: after it the connection has its own.
    const { rows, first } = await this.#attempt(what, () => {
      const iterator = this.#streams.prepareAnew(sql).iterate() as NodeJS.Iterator<Row>;
      return { rows: iterator, first: iterator.next() };
    });
    try {
      let batch: Row[] = [];
      for (let next = first; next.done !== true; next = rows.next()) {
        batch.push(next.value);
        if (batch.length < batchRows) continue;
        yield batch;
        batch = [];
        await setImmediate();
        signal?.throwIfAborted();
      }
      if (batch.length > 0) yield batch;
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#failure(error, what);
    } finally {
      endIteration(rows);
    }
  }

  read(query: "oneUser" | "groupsByMember", statement: Statement, username: string): Promise<readonly Row[]> {
    const sql = statement.text(() => "?1");
    return this.#attempt(queryNames[query], () => this.#reads.prepare(sql).all(username) as Row[]);
  }

  /** There are no round trips to save. */
  readMany(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  lateral(): Promise<{ reason: string }> {
    return Promise.resolve({ reason: "SQLite has no LATERAL, and no round trips that it would save" });
  }

  watch(): Promise<void> {
    return Promise.resolve();
  }

  /** `data_version` changes when another connection has committed; the file may also have been replaced. */
  version(): Promise<string> {
    return this.#attempt("PRAGMA data_version", () => {
      const [row] = this.#reads.prepare("PRAGMA data_version").all();
      return `${this.#reads.identity} ${String(row?.data_version)}`;
    });
  }

  close(): Promise<void> {
    this.#reads.close();
    this.#streams.close();
    return Promise.resolve();
  }

  /** @throws SourceError `ERR_SOURCE_TIMEOUT` when another process has the file locked for as long as `readTimeoutMs` */
  async #attempt<T>(what: string, work: () => T): Promise<T> {
    const deadline = performance.now() + this.#settings.readTimeoutMs;
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!isLocked(error) || performance.now() > deadline) throw this.#failure(error, what);
      }
      await delay(lockRetryMs);
    }
  }

  #failure(error: unknown, what: string): SourceError {
    if (error instanceof SourceError) return error;
    const message = error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
    const code = resultCode(error);
    if (isLocked(error)) {
      return new SourceError("ERR_SOURCE_TIMEOUT", `${what} found ${this.#path} locked by another process.`, {
        cause: error,
      });
    }
    if (code === undefined || unavailableCodes.has(code)) {
      return new SourceError("ERR_SOURCE_UNAVAILABLE", `${what} could not read ${this.#path}: ${message}.`, {
        cause: error,
      });
    }
    return new SourceError("ERR_SOURCE_QUERY", `${what} was refused by ${this.#path}: ${message}.`, { cause: error });
  }
}

/** A connection to whatever file has the name now: one that was restored over it is another file. */
class SqliteFile {
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();
  #database: DatabaseSync | undefined;
  #identity = "";
  #opened = 0;
  #isClosed = false;
  constructor(path: string) {
    this.#path = path;
  }

  /** Differs between any two connections: the numbers of `data_version` mean nothing on another one. */
  get identity(): string {
    return `${this.#identity}/${this.#opened}`;
  }

  /** A statement that is kept. */
  prepare(sql: string): StatementSync {
    const database = this.#open();
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = database.prepare(sql);
      statement.setReadBigInts(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** A statement of the caller's own: two iterators of one would be one. */
  prepareAnew(sql: string): StatementSync {
    const statement = this.#open().prepare(sql);
    statement.setReadBigInts(true);
    return statement;
  }

  close(): void {
    this.#isClosed = true;
    this.#forget();
  }

  #open(): DatabaseSync {
    if (this.#isClosed) throw new SourceError("ERR_SOURCE_UNAVAILABLE", "The source has been closed.");
    const identity = this.#identify();
    if (this.#database !== undefined && identity === this.#identity) return this.#database;
    this.#forget();
    this.#database = new DatabaseSync(this.#path, { readOnly: true, timeout: lockWaitMs });
    this.#identity = identity;
    this.#opened += 1;
    return this.#database;
  }

  #identify(): string {
    try {
      const { dev, ino } = statSync(this.#path, { bigint: true });
      return `${dev}:${ino}`;
    } catch (cause) {
      const message = `The database ${this.#path} cannot be read: there must be such a file, it is never created.`;
      throw new SourceError("ERR_SOURCE_UNAVAILABLE", message, { cause });
    }
  }

  #forget(): void {
    this.#statements.clear();
    this.#database?.close();
    this.#database = undefined;
  }
}

/** Lets go of the lock that the iteration holds. */
function endIteration(rows: NodeJS.Iterator<Row>): void {
  try {
    rows.return?.();
  } catch {
    // The database was closed meanwhile, and the statement with it.
  }
}

/** The primary result code, which the lowest byte of SQLite's extended one is. */
function resultCode(error: unknown): number | undefined {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === "number" ? errcode & 0xff : undefined;
}

function isLocked(error: unknown): boolean {
  return lockedCodes.has(resultCode(error) ?? 0);
}

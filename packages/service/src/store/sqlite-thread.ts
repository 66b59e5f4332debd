/**
 * The thread that has an SQLite connection. node:sqlite blocks its caller for each fsync, each wait for another process's
 * lock and each long read; here it blocks nobody else.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import type { SqlValue } from "./statement.ts";

/** What the thread is started with. */
export interface SqliteThreadOptions {
  readonly path: string;
  /** How long to wait for another process's lock. */
  readonly busyTimeoutMs: number;
}

export type SqliteRequest =
  | { readonly id: number; readonly text: string; readonly values: readonly SqlValue[]; readonly isPart?: boolean }
  | { readonly id: number; readonly script: string; readonly isPart?: boolean }
  /** What is part of a transaction need not wait for its beginning: after a failure nothing of it is done, nor committed. */
  | { readonly id: number; readonly transaction: "begin" | "commit" | "rollback" }
  | { readonly id: number; readonly close: true };

export type SqliteResponse =
  | { readonly id: number; readonly rows: Record<string, unknown>[]; readonly changes: number }
  | { readonly id: number; readonly failure: SqliteFailure };

export interface SqliteFailure {
  readonly message: string;
  /** SQLite's extended result code; absent when the error is not SQLite's. */
  readonly resultCode: number | undefined;
}

interface PreparedStatement {
  readonly statement: StatementSync;
  readonly hasRows: boolean;
}

/** Statements are few and always the same, but for the lists in some. */
const maxKeptStatements = 200;
/**
 * Of 4 kB: how long the write-ahead log gets before it is taken into the file, which copies a page once however often it was
 * written. Four times SQLite's own number makes a tenth more webhooks a second, and 16 MB to read after a crash.
 */
const checkpointPages = 4_000;
const lockRetryMs = 10;
const busyCode = 5;

class SqliteThread {
  readonly #options: SqliteThreadOptions;
  readonly #statements = new Map<string, PreparedStatement>();
  #database: DatabaseSync | undefined;
  /** Why the transaction cannot be committed; kept until its rollback. */
  #failure: { readonly error: unknown } | undefined;

  constructor(options: SqliteThreadOptions) {
    this.#options = options;
  }

  answer(request: SqliteRequest): SqliteResponse {
    const { id } = request;
    try {
      if ("close" in request) {
        this.#close();
        return { id, rows: [], changes: 0 };
      }
      if ("script" in request) {
        const run = () => this.#open().exec(request.script);
        if (request.isPart === true) this.#part(run);
        else run();
        return { id, rows: [], changes: 0 };
      }
      if ("transaction" in request) {
        this.#transact(request.transaction);
        return { id, rows: [], changes: 0 };
      }
      return { id, ...this.#query(request) };
    } catch (error) {
      const { message, errcode } = error as { message?: unknown; errcode?: unknown };
      return {
        id,
        failure: { message: String(message), resultCode: typeof errcode === "number" ? errcode : undefined },
      };
    }
  }

  #transact(step: "begin" | "commit" | "rollback"): void {
    if (step === "begin" || step === "rollback") this.#failure = undefined;
    this.#part(() => this.#open().exec(step === "begin" ? "BEGIN IMMEDIATE" : step.toUpperCase()));
  }

  /** Some errors end the transaction: what comes after them would be committed by itself. */
  #part<T>(run: () => T): T {
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      return run();
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  #query({ text, values, isPart = false }: { text: string; values: readonly SqlValue[]; isPart?: boolean }) {
    const run = (): { rows: Record<string, unknown>[]; changes: number } => {
      const { statement, hasRows } = this.#prepare(text);
      if (hasRows) return { rows: statement.all(...values), changes: 0 };
      return { rows: [], changes: Number(statement.run(...values).changes) };
    };
    return isPart ? this.#part(run) : run();
  }

  #prepare(text: string): PreparedStatement {
    let prepared = this.#statements.get(text);
    if (prepared === undefined) {
      const statement = this.#open().prepare(text);
      prepared = { statement, hasRows: statement.columns().length > 0 };
      const [oldest] = this.#statements.keys();
      if (this.#statements.size >= maxKeptStatements && oldest !== undefined) this.#statements.delete(oldest);
    } else {
      this.#statements.delete(text);
    }
    this.#statements.set(text, prepared);
    return prepared;
  }

  #open(): DatabaseSync {
    if (this.#database !== undefined) return this.#database;
    const { path, busyTimeoutMs } = this.#options;
    const database = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
    try {
      setJournalMode(database, busyTimeoutMs);
      database.exec("PRAGMA synchronous = FULL");
      // Else every statement that inserts several rows makes a file, removes it, and writes into it what it may have to take back.
      database.exec("PRAGMA temp_store = MEMORY");
      database.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
    } catch (error) {
      database.close();
      throw error;
    }
    this.#database = database;
    return database;
  }

  #close(): void {
    this.#statements.clear();
    const database = this.#database;
    this.#database = undefined;
    if (database === undefined) return;
    try {
      database.exec("PRAGMA optimize");
    } finally {
      database.close();
    }
  }
}

/** Several processes that do this to a new file at once are told "busy" without the wait that was asked for. */
function setJournalMode(database: DatabaseSync, timeoutMs: number): void {
  const deadline = performance.now() + timeoutMs;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      database.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      const { errcode } = error as { errcode?: number };
      if (((errcode ?? 0) & 0xff) !== busyCode || performance.now() > deadline) throw error;
      Atomics.wait(sleeper, 0, 0, lockRetryMs);
    }
  }
}

const thread = new SqliteThread(workerData as SqliteThreadOptions);
parentPort?.on("message", (requests: readonly SqliteRequest[]) => {
  parentPort?.postMessage(requests.map((request) => thread.answer(request)));
  if (requests.some((request) => "close" in request)) parentPort?.close();
});

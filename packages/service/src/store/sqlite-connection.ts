/**
 * A connection to an SQLite file in a thread of its own, asked by messages. When the thread is lost so is the connection:
 * another thread would carry on in the midst of a transaction that is no more.
 */
import { Worker } from "node:worker_threads";
import type { QueryResult, Session } from "./driver.ts";
import { StoreError } from "./error.ts";
import type { SqliteFailure, SqliteRequest, SqliteResponse, SqliteThreadOptions } from "./sqlite-thread.ts";
import type { Statement } from "./statement.ts";

interface Waiting {
  readonly resolve: (result: QueryResult) => void;
  readonly reject: (error: StoreError) => void;
}

type Question = SqliteRequest extends infer Each ? (Each extends unknown ? Omit<Each, "id"> : never) : never;

export interface SqliteTransaction extends Session {
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

export class SqliteConnection {
  readonly #options: SqliteThreadOptions;
  readonly #waiting = new Map<number, Waiting>();
  #thread: Worker | undefined;
  #outbox: SqliteRequest[] = [];
  #lastId = 0;
  #ended: StoreError | undefined;

  constructor(options: SqliteThreadOptions) {
    this.#options = options;
  }

  /** Whether nothing will be answered any more. */
  get isLost(): boolean {
    return this.#ended !== undefined;
  }

  query(statement: Statement): Promise<QueryResult> {
    return this.#ask(statement.render("sqlite"));
  }

  /** Begins a transaction. Its statements can be asked for at once: when it could not begin they fail. */
  begin(): SqliteTransaction {
    const ask = (question: Question) => this.#ask(question);
    const control = (transaction: "begin" | "commit" | "rollback") => ask({ transaction });
    const begun = control("begin");
    // Every statement after it fails for the same reason.
    begun.catch(() => undefined);
    return {
      query: (statement) => ask({ ...statement.render("sqlite"), isPart: true }),
      async script(text) {
        await ask({ script: text, isPart: true });
      },
      wake() {
        // Other processes find out by themselves.
      },
      async commit() {
        await control("commit");
      },
      async rollback() {
        // Some errors have ended it already.
        await control("rollback").catch(() => undefined);
      },
    };
  }

  async script(text: string): Promise<void> {
    await this.#ask({ script: text });
  }

  /** Answers what was asked before, then ends the thread. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    try {
      if (this.#thread !== undefined) await this.#ask({ close: true });
    } finally {
      this.#ended = new StoreError("ERR_STORE_CLOSED", "The store has been closed.");
      await this.#thread?.terminate();
    }
  }

  #ask(question: Question): Promise<QueryResult> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const thread = this.#running();
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      thread.ref();
      this.#post(thread, { id, ...question });
    });
  }

  /** What is asked for before anything else is waited for is one message: each costs more than a statement. */
  #post(thread: Worker, request: SqliteRequest): void {
    this.#outbox.push(request);
    if (this.#outbox.length > 1) return;
    process.nextTick(() => {
      const requests = this.#outbox;
      this.#outbox = [];
      thread.postMessage(requests);
    });
  }

  /** The thread, which only holds the process while it has something to do. */
  #running(): Worker {
    if (this.#thread !== undefined) return this.#thread;
    const thread = new Worker(new URL("./sqlite-thread.ts", import.meta.url), { workerData: this.#options });
    thread.unref();
    thread.on("message", (responses: readonly SqliteResponse[]) => {
      for (const response of responses) this.#settle(response);
    });
    thread.on("error", (error) => this.#lose(error));
    thread.on("exit", () => this.#lose(undefined));
    this.#thread = thread;
    return thread;
  }

  #settle(response: SqliteResponse): void {
    const waiting = this.#waiting.get(response.id);
    this.#waiting.delete(response.id);
    if (this.#waiting.size === 0) this.#thread?.unref();
    if ("failure" in response) waiting?.reject(sqliteError(response.failure, this.#options.path));
    else waiting?.resolve(response);
  }

  #lose(cause: unknown): void {
    this.#ended ??= new StoreError("ERR_STORE_UNAVAILABLE", "The thread of the store's database ended.", { cause });
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of lost) reject(this.#ended);
  }
}

/** Primary result codes with which SQLite says that the file, and not the statement, is the matter. */
const unavailableCodes: Readonly<Record<number, string>> = {
  5: "is locked by another process",
  6: "is locked",
  8: "cannot be written to",
  10: "cannot be read or written: the disk failed",
  11: "is damaged",
  13: "cannot grow: the disk is full",
  14: "cannot be opened",
  26: "is not an SQLite database",
};
const constraintCode = 19;

function sqliteError({ message, resultCode }: SqliteFailure, path: string): StoreError {
  const code = resultCode === undefined ? undefined : resultCode & 0xff;
  const trouble = code === undefined ? undefined : unavailableCodes[code];
  if (trouble !== undefined) {
    return new StoreError("ERR_STORE_UNAVAILABLE", `The store ${path} ${trouble} (${message}).`);
  }
  if (code === constraintCode) return new StoreError("ERR_STORE_CONSTRAINT", `The store refused a row: ${message}.`);
  return new StoreError("ERR_STORE_QUERY", `The store refused a statement: ${message}.`);
}

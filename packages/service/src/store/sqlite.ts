/**
 * The store in an SQLite file: WAL, synchronous = FULL, so that a commit is on the disk before it resolves. Two
 * connections, each in a thread of its own: a read does not wait for an fsync. Other processes may have the file open too.
 */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Driver, Row, Session } from "./driver.ts";
import { StoreError } from "./error.ts";
import { SqliteConnection } from "./sqlite-connection.ts";
import { type Statement, sql } from "./statement.ts";

/** Another process's transaction takes milliseconds, its migrations seconds. */
const busyTimeoutMs = 30_000;
/** How often to look whether another process has written. */
const watchIntervalMs = 250;

export class SqliteDriver implements Driver {
  readonly database = "sqlite";
  readonly place: string;
  #writing: SqliteConnection;
  #reading: SqliteConnection;
  #watching: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @throws StoreError when the file can neither be found nor made */
  constructor(path: string, { mustExist }: { readonly mustExist: boolean }) {
    this.place = path;
    prepareFile(path, mustExist);
    this.#writing = connect(path);
    this.#reading = connect(path);
  }

  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const transaction = this.#writer().begin();
    try {
      const result = await work(transaction);
      await transaction.commit();
      return result;
    } catch (error) {
      await transaction.rollback();
      throw error;
    }
  }

  exclusively<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.transaction(work);
  }

  async read(statement: Statement): Promise<readonly Row[]> {
    if (this.#reading.isLost && !this.#isClosed) this.#reading = connect(this.place);
    return (await this.#reading.query(statement)).rows;
  }

  /** `data_version` of the connection that writes changes when another one has committed: one of another process. */
  async watch(onWake: (channel: undefined) => void): Promise<void> {
    const version = async () => (await this.#writer().query(sql`PRAGMA data_version`)).rows[0]?.data_version;
    let known = await version();
    let isAsking = false;
    this.#watching = setInterval(async () => {
      if (isAsking) return;
      isAsking = true;
      try {
        const found = await version();
        if (found !== known) onWake(undefined);
        known = found;
      } catch {
        // Whoever uses the store learns of it; the next look may succeed.
      } finally {
        isAsking = false;
      }
    }, watchIntervalMs).unref();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#watching);
    await this.#reading.close();
    await this.#writing.close();
  }

  #writer(): SqliteConnection {
    if (this.#writing.isLost && !this.#isClosed) this.#writing = connect(this.place);
    return this.#writing;
  }
}

function connect(path: string): SqliteConnection {
  return new SqliteConnection({ path, busyTimeoutMs });
}

/** For its owner alone, and so are the files that SQLite puts beside it: they take the mode of this one. */
function prepareFile(path: string, mustExist: boolean): void {
  try {
    if (!existsSync(path)) {
      if (mustExist) throw new StoreError("ERR_STORE_UNAVAILABLE", `There is no store at ${path}.`);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      closeSync(openSync(path, "a", 0o600));
    } else if ((statSync(path).mode & 0o077) !== 0) {
      chmodSync(path, 0o600);
    }
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const { message } = error as Error;
    throw new StoreError("ERR_STORE_UNAVAILABLE", `The store ${path} cannot be opened or made: ${message}.`, {
      cause: error,
    });
  }
}

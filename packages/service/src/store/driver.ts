/** What the store needs of a database. */
import type { Database, Statement } from "./statement.ts";

export type Row = Readonly<Record<string, unknown>>;

export interface QueryResult {
  /** Of a SELECT or a RETURNING. */
  readonly rows: readonly Row[];
  /** Rows that were inserted, changed or deleted. */
  readonly changes: number;
}

/** One connection inside of a transaction. */
export interface Session {
  query(statement: Statement): Promise<QueryResult>;
  /** Several statements without values. */
  script(text: string): Promise<void>;
  /** Other nodes are told of the wake-up by the commit, if they do not find out by themselves. */
  wake(channel: string): void;
}

export interface Driver {
  readonly database: Database;
  /** What messages call the database: without user or password. */
  readonly place: string;
  /**
   * Commits what `work` did, on stable storage before it resolves; when `work` throws nothing is kept. One at a time.
   *
   * @throws StoreError
   */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** A transaction for migrations: the only one of all nodes and processes, for however long it takes. */
  exclusively<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** Outside of a transaction. @throws StoreError */
  read(statement: Statement): Promise<readonly Row[]>;
  /**
   * Calls back for what other nodes and processes commit, from now until `close`: with the channel that was woken, or
   * `undefined` when any may have been. Resolves after the first attempt to listen.
   */
  watch(onWake: (channel: string | undefined) => void): Promise<void>;
  close(): Promise<void>;
}

/** What the work of `store.write` is given. */
import type { QueryResult, Row, Session } from "./driver.ts";
import type { Database, Statement } from "./statement.ts";

/**
 * Something that is done once at the end of a transaction, however many pieces of work in it ask: what many small writers
 * add is stored by one statement, and a lock that all nodes contend for is held no longer than the commit takes.
 */
export interface FinalStep<State> {
  /** Made at the first asking within a transaction. */
  begin(): State;
  /** The last that the transaction does. */
  run(transaction: Transaction, state: State): Promise<void>;
  /** What `run` did is on stable storage. */
  committed?(state: State): void;
}

/**
 * A transaction, as long as the work lasts that it was given to. A statement that failed has spoilt it, also where the
 * work caught the error.
 */
export interface Transaction {
  readonly database: Database;
  all<T extends object = Row>(statement: Statement): Promise<readonly T[]>;
  first<T extends object = Row>(statement: Statement): Promise<T | undefined>;
  /** Resolves to how many rows were inserted, changed or deleted. */
  run(statement: Statement): Promise<number>;
  /** As {@link all}, without waiting for it: when it fails, so does the commit. Its rows can be had once it is answered. */
  send<T extends object = Row>(statement: Statement): () => readonly T[];
  /** Waits for all that was sent. Of what is not waited for the answers are there with the commit's. */
  answered(): Promise<void>;
  /** Wakes those who listen on the channel, on every node, once this is committed. */
  wake(channel: string): void;
  /** The state of that step in this transaction: what is put into it, `step.run` finds. */
  atEnd<State>(step: FinalStep<State>): State;
}

/** The transaction of a batch: several pieces of work, one after the other, and then the final steps. */
export class BatchTransaction {
  readonly #database: Database;
  readonly #session: Session;
  readonly #steps = new Map<FinalStep<unknown>, unknown>();
  readonly channels = new Set<string>();
  #current: TransactionHandle | undefined;
  readonly #sent: Promise<unknown>[] = [];
  /** Why a statement failed that was not waited for: what the commit says of it is not the reason. */
  sentFailure: { readonly error: unknown } | undefined;
  #isEnding = false;
  #isAbandoned = false;

  constructor(database: Database, session: Session) {
    this.#database = database;
    this.#session = session;
  }

  /** @throws what `work` threw, or what a statement did whose error it caught */
  async run<T>(work: (transaction: Transaction) => Promise<T> | T): Promise<T> {
    if (this.#isAbandoned) throw new TypeError("the transaction was given up");
    const handle = new TransactionHandle(this.#database, this.#session, this);
    this.#current = handle;
    try {
      const result = await work(handle);
      if (handle.failure !== undefined) throw handle.failure.error;
      return result;
    } finally {
      handle.end();
    }
  }

  /** Whatever its work does from now on comes too late: the connection may be in another transaction by then. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#current?.end();
  }

  async runFinalSteps(): Promise<void> {
    this.#isEnding = true;
    for (const [step, state] of this.#steps) await this.run((transaction) => step.run(transaction, state));
  }

  sent(statement: Promise<unknown>): void {
    const settled = statement.catch((error: unknown) => {
      this.sentFailure ??= { error };
    });
    this.#sent.push(settled);
  }

  /** Once the answers to what was sent are there: of a commit that went well they are, and are good. */
  async settled(): Promise<void> {
    await Promise.all(this.#sent);
    if (this.sentFailure !== undefined) throw this.sentFailure.error;
  }

  committed(): void {
    for (const [step, state] of this.#steps) step.committed?.(state);
  }

  stateOf<State>(step: FinalStep<State>): State {
    if (this.#isEnding) throw new TypeError("a final step cannot ask for another one");
    if (!this.#steps.has(step)) this.#steps.set(step as FinalStep<unknown>, step.begin());
    return this.#steps.get(step) as State;
  }
}

class TransactionHandle implements Transaction {
  readonly database: Database;
  readonly #session: Session;
  readonly #batch: BatchTransaction;
  #isOpen = true;
  failure: { readonly error: unknown } | undefined;

  constructor(database: Database, session: Session, batch: BatchTransaction) {
    this.database = database;
    this.#session = session;
    this.#batch = batch;
  }

  async all<T extends object>(statement: Statement): Promise<readonly T[]> {
    return (await this.#query(statement)).rows as readonly T[];
  }

  async first<T extends object>(statement: Statement): Promise<T | undefined> {
    return (await this.all<T>(statement))[0];
  }

  async run(statement: Statement): Promise<number> {
    return (await this.#query(statement)).changes;
  }

  send<T extends object>(statement: Statement): () => readonly T[] {
    this.#checkOpen();
    let rows: readonly Row[] | undefined;
    const answered = async () => {
      ({ rows } = await this.#query(statement));
    };
    this.#batch.sent(answered());
    return () => {
      if (rows === undefined) throw new TypeError("the statement has not been answered yet");
      return rows as readonly T[];
    };
  }

  answered(): Promise<void> {
    return this.#batch.settled();
  }

  wake(channel: string): void {
    this.#checkOpen();
    this.#batch.channels.add(channel);
  }

  atEnd<State>(step: FinalStep<State>): State {
    this.#checkOpen();
    return this.#batch.stateOf(step);
  }

  end(): void {
    this.#isOpen = false;
  }

  async #query(statement: Statement): Promise<QueryResult> {
    this.#checkOpen();
    try {
      return await this.#session.query(statement);
    } catch (error) {
      this.failure ??= { error };
      throw error;
    }
  }

  /** A statement that nobody waited for would become part of somebody else's work. */
  #checkOpen(): void {
    if (!this.#isOpen) throw new TypeError("the transaction's work has ended: wait for every statement within it");
  }
}

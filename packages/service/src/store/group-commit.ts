/**
 * Many small writers, few commits. What is asked for while the disk is busy with one commit shares the next, so the rate of
 * writes grows with their number although a commit takes as long as an fsync does.
 *
 * One transaction at a time on a node: so what a node writes is committed in the order in which it was asked for. Two and
 * four at a time were measured on PostgreSQL, too: they share the work out over more, smaller commits, and were slower.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Driver } from "./driver.ts";
import { isUnavailable, StoreError } from "./error.ts";
import { BatchTransaction, type Transaction } from "./transaction.ts";

export interface GroupCommitObserver {
  /** A batch is over: how many pieces of work it had, and how long each of them waited for it and in it. */
  batch(pieces: number): void;
  settled(durationMs: number, error: unknown): void;
  woken(channels: ReadonlySet<string>): void;
}

interface Job {
  readonly work: (transaction: Transaction) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly askedMs: number;
}

/** Long enough to share an fsync among many, short enough that the first of them does not wait for long. */
const maxBatch = 256;
/** Beyond it writers are refused: they come faster than the database writes. */
const maxWaiting = 20_000;
/** All work of a batch: one that never ends must not stop the others for good. */
const workTimeoutMs = 30_000;
const maxAttempts = 5;
const conflictDelayMs = 20;

export class GroupCommit {
  readonly #driver: Driver;
  readonly #observer: GroupCommitObserver;
  readonly #waiting: Job[] = [];
  readonly #idle: (() => void)[] = [];
  #state: "idle" | "scheduled" | "running" = "idle";
  #isClosed = false;

  constructor(driver: Driver, observer: GroupCommitObserver) {
    this.#driver = driver;
    this.#observer = observer;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  write<T>(work: (transaction: Transaction) => Promise<T> | T): Promise<T> {
    if (this.#isClosed) return Promise.reject(new StoreError("ERR_STORE_CLOSED", "The store has been closed."));
    if (this.#waiting.length >= maxWaiting) {
      const error = new StoreError("ERR_STORE_BUSY", `${maxWaiting} writers wait for the store already.`);
      this.#observer.settled(0, error);
      return Promise.reject(error);
    }
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        work,
        resolve: resolve as (value: unknown) => void,
        reject,
        askedMs: performance.now(),
      });
      this.#schedule();
    });
  }

  /** Takes nothing more, and resolves when everything that was asked for is settled. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#state !== "idle") await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** After this turn of the event loop, so that everything asked for in it goes together. */
  #schedule(): void {
    if (this.#state !== "idle") return;
    this.#state = "scheduled";
    setImmediate(() => void this.#run());
  }

  async #run(): Promise<void> {
    this.#state = "running";
    while (this.#waiting.length > 0) await this.#settleAll(this.#waiting.splice(0, maxBatch));
    this.#state = "idle";
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #settleAll(jobs: readonly Job[]): Promise<void> {
    if (jobs.length > 1) {
      const failure = await this.#attempt(jobs);
      if (failure === undefined) return;
      if (isUnavailable(failure.error)) {
        for (const job of jobs) this.#reject(job, failure.error);
        return;
      }
      // One of them is the matter, or they are in each other's way: now each has a transaction of its own.
    }
    for (const [index, job] of jobs.entries()) {
      const error = await this.#settleAlone(job);
      if (error === undefined) continue;
      const affected = isUnavailable(error) ? jobs.slice(index) : [job];
      for (const each of affected) this.#reject(each, error);
      if (affected.length > 1) return;
    }
  }

  async #settleAlone(job: Job): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      const failure = await this.#attempt([job]);
      if (failure === undefined) return undefined;
      const { error } = failure;
      const isConflict = error instanceof StoreError && error.code === "ERR_STORE_CONFLICT";
      if (!isConflict || attempt === maxAttempts) return error ?? new TypeError("the work threw nothing");
      await delay(Math.random() * conflictDelayMs * attempt);
    }
  }

  /** Resolves the jobs when all is committed; else nothing has happened. */
  async #attempt(jobs: readonly Job[]): Promise<{ readonly error: unknown } | undefined> {
    let attempted: BatchTransaction | undefined;
    try {
      const { batch, results } = await this.#driver.transaction(async (session) => {
        const batch = new BatchTransaction(this.#driver.database, session);
        attempted = batch;
        const results = await inTime(batch, async () => {
          const results: unknown[] = [];
          for (const { work } of jobs) results.push(await batch.run(work));
          await batch.runFinalSteps();
          return results;
        });
        for (const channel of batch.channels) session.wake(channel);
        return { batch, results };
      });
      await batch.settled();
      this.#observer.batch(jobs.length);
      batch.committed();
      this.#observer.woken(batch.channels);
      const settle = () => {
        for (const [index, job] of jobs.entries()) {
          this.#observer.settled(performance.now() - job.askedMs, undefined);
          job.resolve(results[index]);
        }
      };
      // The next transaction is on its way before these go on: what they do then would hold it up.
      if (this.#waiting.length > 0) setImmediate(settle);
      else settle();
      return undefined;
    } catch (error) {
      return attempted?.sentFailure ?? { error };
    }
  }

  #reject(job: Job, error: unknown): void {
    this.#observer.settled(performance.now() - job.askedMs, error);
    job.reject(error);
  }
}

async function inTime<T>(batch: BatchTransaction, work: () => Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    batch.abandon();
    reject(new TypeError(`the work of a transaction took longer than ${workTimeoutMs} ms`));
  }, workTimeoutMs);
  try {
    return await Promise.race([work(), promise]);
  } finally {
    clearTimeout(timer);
  }
}

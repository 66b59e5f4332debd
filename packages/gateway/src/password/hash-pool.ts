/**
 * Slow hashes off the event loop: a bounded number of worker threads behind a bounded queue.
 *
 * Threads of its own and not libuv's, although `node:crypto` could use those: four Argon2 hashes there would hold up
 * every DNS look-up and file read of the process, and md5-crypt, SHA-crypt and bcrypt would need threads all the same.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { SlowHash } from "./stored-hash.ts";

/** What a worker is sent. The password is a copy with a buffer of its own, which goes over to the worker. */
export interface HashJob {
  readonly stored: SlowHash;
  readonly password: Uint8Array<ArrayBuffer>;
}

export type HashJobOutcome = "match" | "mismatch" | "malformed";

/** `busy`: the queue is full. `failed`: the pool is closed, or lost the worker that had the job. */
export type HashPoolOutcome = HashJobOutcome | "busy" | "failed";

/** Where slow hashes are computed. */
export interface HashRunner {
  run(stored: SlowHash, password: Uint8Array): Promise<HashPoolOutcome>;
  /** Jobs running and waiting. */
  readonly pending: number;
  close(): Promise<void>;
}

export interface HashPoolOptions {
  /** Threads at most; each is started by the first job that finds all others busy. @default processors, at most 4 */
  readonly maxWorkers?: number;
  /**
   * Jobs waiting for a thread, beyond which a job is `busy`. At a tenth of a second a hash and two threads the default
   * is a wait of three seconds; SSSD gives up after six. @default 64
   */
  readonly maxQueued?: number;
  /** A worker ended that should not have: for the log. */
  readonly onWorkerLost?: (error: Error) => void;
}

interface WaitingJob extends HashJob {
  readonly settle: (outcome: HashPoolOutcome) => void;
}

export class HashPool implements HashRunner {
  readonly #maxWorkers: number;
  readonly #maxQueued: number;
  readonly #onWorkerLost: (error: Error) => void;
  readonly #idle: Worker[] = [];
  readonly #running = new Map<Worker, WaitingJob>();
  readonly #queue: WaitingJob[] = [];
  #closed = false;

  constructor(options: HashPoolOptions = {}) {
    this.#maxWorkers = options.maxWorkers ?? Math.min(4, availableParallelism());
    this.#maxQueued = options.maxQueued ?? 64;
    this.#onWorkerLost = options.onWorkerLost ?? (() => {});
  }

  get pending(): number {
    return this.#running.size + this.#queue.length;
  }

  run(stored: SlowHash, password: Uint8Array): Promise<HashPoolOutcome> {
    if (this.#closed) return Promise.resolve("failed");
    const hasThread = this.#idle.length > 0 || this.#running.size < this.#maxWorkers;
    if (!hasThread && this.#queue.length >= this.#maxQueued) return Promise.resolve("busy");
    return new Promise((settle) => {
      // A copy, because the caller's bytes may be a view into a receive buffer that is written again before the job's turn.
      this.#queue.push({ stored, password: new Uint8Array(password), settle });
      this.#dispatch();
    });
  }

  /** Ends the threads. What runs or waits ends as `failed`; wait for `pending` to be 0 first to lose nothing. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#failQueued();
    const workers = [...this.#idle.splice(0), ...this.#running.keys()];
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #dispatch(): void {
    while (this.#queue.length > 0 && !this.#closed) {
      const worker = this.#idle.pop() ?? this.#start();
      if (worker === undefined) {
        // Without a thread at work nothing would come back to the queue.
        if (this.#running.size === 0) this.#failQueued();
        return;
      }
      const job = this.#queue.shift()!;
      this.#running.set(worker, job);
      // Only a thread at work keeps the process alive.
      worker.ref();
      worker.postMessage({ stored: job.stored, password: job.password } satisfies HashJob, [job.password.buffer]);
    }
  }

  /** `undefined` where there are as many threads as there may be, or where the system refuses one. */
  #start(): Worker | undefined {
    if (this.#running.size + this.#idle.length >= this.#maxWorkers) return undefined;
    let worker: Worker;
    try {
      // Neither the environment, which may hold secrets, nor the options of the process: a hash needs none of them.
      worker = new Worker(new URL("./hash-worker.ts", import.meta.url), { env: {}, execArgv: [] });
    } catch (error) {
      this.#onWorkerLost(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
    let cause: Error | undefined;
    worker.on("message", (outcome: HashJobOutcome) => {
      this.#finish(worker, outcome);
      worker.unref();
      this.#idle.push(worker);
      this.#dispatch();
    });
    worker.on("error", (error: Error) => {
      cause = error;
    });
    worker.on("exit", (code) => {
      const idleIndex = this.#idle.indexOf(worker);
      if (idleIndex >= 0) this.#idle.splice(idleIndex, 1);
      this.#finish(worker, "failed");
      if (this.#closed) return;
      this.#onWorkerLost(cause ?? new Error(`A hash worker ended with exit code ${code}.`));
      this.#dispatch();
    });
    return worker;
  }

  #failQueued(): void {
    for (const job of this.#queue.splice(0)) job.settle("failed");
  }

  #finish(worker: Worker, outcome: HashPoolOutcome): void {
    const job = this.#running.get(worker);
    this.#running.delete(worker);
    job?.settle(outcome);
  }
}

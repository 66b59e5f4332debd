/** The jobs of this process: a queue, how far each is, and their end. What they are is kept in the store as they go on. */
import { randomUUIDv7 } from "node:crypto";
import type { Logger, Store } from "@espalier/service";
import { ApiError } from "../api/problem.ts";
import { asApiError } from "../api/problem-of-error.ts";
import { isActive, type Job, type JobError, type JobOptions, type JobProgress, maxErrors } from "./job.ts";
import { JobStore } from "./job-store.ts";

/** What a job is given to do its work. */
export interface JobContext {
  readonly progress: JobProgress;
  onError(error: JobError): void;
  onChangeSet(id: string): void;
  /** Its end was asked for: what is under way is finished. */
  readonly stop: AbortSignal;
  /** Its end has come: what is under way is given up. */
  readonly abort: AbortSignal;
}

export interface NewJob {
  readonly cluster: string;
  readonly person: string;
  readonly title: string;
  readonly options: JobOptions;
  readonly totalBytes: number;
  /** @throws ApiError where it cannot go on */
  readonly work: (context: JobContext) => Promise<{ readonly state: "done" | "failed"; readonly message?: string }>;
  /** Called once, whatever becomes of it. */
  readonly release: () => Promise<void>;
}

export interface JobsOptions {
  readonly store: Store;
  readonly logger: Logger;
  readonly now?: () => number;
  readonly maxRunning?: number;
  readonly maxWaiting?: number;
  /** Of writing how far they are. */
  readonly saveEveryMs?: number;
}

class Cancelled extends Error {
  readonly person: string;
  constructor(person: string) {
    super(`It was cancelled by ${person}.`);
    this.person = person;
  }
}

interface LocalJob {
  readonly job: Job;
  readonly errors: JobError[];
  readonly asked: NewJob;
  readonly stop: AbortController;
  readonly abort: AbortController;
  savedErrors: number;
  saving: Promise<void> | undefined;
  ended: Promise<void> | undefined;
}

export class Jobs {
  readonly #rows: JobStore;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  readonly #local = new Map<string, LocalJob>();
  readonly #timer: NodeJS.Timeout;
  #isClosing = false;

  constructor({ store, logger, now = Date.now, maxRunning = 2, maxWaiting = 20, saveEveryMs = 1_000 }: JobsOptions) {
    this.#rows = new JobStore(store, now);
    this.#logger = logger;
    this.#now = now;
    this.#maxRunning = maxRunning;
    this.#maxWaiting = maxWaiting;
    this.#timer = setInterval(() => void this.#saveAll(), saveEveryMs).unref();
  }

  /** Of this process, by state. */
  count(state: "queued" | "running"): number {
    return [...this.#local.values()].filter(({ job }) => job.state === state).length;
  }

  /** @throws ApiError `too_many_requests` */
  checkRoom(): void {
    if (this.#isClosing) throw new ApiError("unavailable", "The service is about to end.", { retryAfter: 10 });
    if (this.count("queued") >= this.#maxWaiting) {
      throw new ApiError("too_many_requests", "Too many imports are waiting already. Try again in a minute.", {
        retryAfter: 60,
      });
    }
  }

  /** Queues it. @throws ApiError, after which it is released */
  async add(asked: NewJob): Promise<Job> {
    const { cluster, person, title, options, totalBytes } = asked;
    const progress = { read: 0, applied: 0, unchanged: 0, failed: 0, inDoubt: 0, bytes: 0, totalBytes };
    const rest = {
      changeSet: undefined,
      message: undefined,
      errorCount: 0,
      startedAt: undefined,
      finishedAt: undefined,
    };
    const job: Job = {
      ...{ id: randomUUIDv7(), cluster, person, title, options, progress, state: "queued" },
      ...{ createdAt: this.#now(), ...rest },
    };
    try {
      this.checkRoom();
      if (!(await this.#rows.add(job))) {
        throw new ApiError(
          "too_many_requests",
          "You have an import under way on this cluster: wait for its end, or cancel it.",
          { retryAfter: 10 },
        );
      }
    } catch (error) {
      await asked.release();
      throw error;
    }
    const controllers = { stop: new AbortController(), abort: new AbortController() };
    this.#local.set(job.id, {
      ...{ job, errors: [], asked, ...controllers },
      ...{ savedErrors: 0, saving: undefined, ended: undefined },
    });
    this.#startNext();
    return job;
  }

  /** As this process has it, or else the store. @throws StoreError */
  async get(id: string): Promise<Job | undefined> {
    const local = this.#local.get(id);
    if (local !== undefined) return local.job;
    await this.#rows.interruptOrphans();
    return this.#rows.get(id);
  }

  async errors(id: string): Promise<readonly JobError[]> {
    return this.#local.get(id)?.errors ?? (await this.#rows.errors(id));
  }

  /** @param wanted which; the newest first */
  async list(wanted: (job: Job) => boolean, limit: number): Promise<Job[]> {
    await this.#rows.interruptOrphans();
    const rows = await this.#rows.list(maxListed);
    return rows
      .map((row) => this.#local.get(row.id)?.job ?? row)
      .filter(wanted)
      .slice(0, limit);
  }

  /** Ends it between two entries, on whatever node it is. */
  async cancel({ id }: Job, person: string): Promise<void> {
    const local = this.#local.get(id);
    if (local === undefined) await this.#rows.askForEnd(id, person);
    else this.#stop(local, new Cancelled(person));
  }

  /** Ends all between two entries, and lets the signal end what then takes too long. */
  async close(signal?: AbortSignal): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#timer);
    const reason = new Error("The service ended while this was under way.");
    for (const local of this.#local.values()) {
      if (isActive(local.job)) this.#stop(local, reason);
      if (signal?.aborted) local.abort.abort(reason);
      signal?.addEventListener("abort", () => local.abort.abort(reason), { once: true });
    }
    await Promise.all([...this.#local.values()].map(({ ended }) => ended));
    await this.#saveAll();
  }

  #stop(local: LocalJob, reason: Error): void {
    local.stop.abort(reason);
    if (local.job.state === "queued") local.ended = this.#end(local, stateOf(reason), reason.message);
  }

  #startNext(): void {
    for (const local of this.#local.values()) {
      if (this.count("running") >= this.#maxRunning) return;
      if (local.job.state === "queued" && local.ended === undefined) local.ended = this.#run(local);
    }
  }

  async #run(local: LocalJob): Promise<void> {
    const { job, errors, asked, stop, abort } = local;
    job.state = "running";
    job.startedAt = this.#now();
    const context: JobContext = {
      progress: job.progress,
      onError: (error) => {
        job.errorCount += 1;
        if (errors.length < maxErrors) errors.push(error);
      },
      onChangeSet: (id) => {
        job.changeSet = id;
      },
      stop: stop.signal,
      abort: abort.signal,
    };
    try {
      const { state, message } = await asked.work(context);
      await this.#end(local, state, message);
    } catch (error) {
      if (stop.signal.aborted && error === stop.signal.reason) {
        await this.#end(local, stateOf(error), (error as Error).message);
        return;
      }
      const problem = asApiError(error);
      if (problem.code === "internal") this.#logger.error("an import failed", { job: job.id, error });
      await this.#end(local, "failed", problem.message);
    }
  }

  async #end(local: LocalJob, state: Job["state"], message: string | undefined): Promise<void> {
    const { job, asked } = local;
    job.finishedAt = this.#now();
    job.message = message;
    job.state = state;
    await asked
      .release()
      .catch((error: unknown) => this.#logger.error("a spooled file could not be closed", { error }));
    if (!this.#isClosing) this.#startNext();
    await this.#save(local);
  }

  async #saveAll(): Promise<void> {
    await Promise.all([...this.#local.values()].map((local) => this.#save(local)));
  }

  /** A job that has ended is kept here until the store has it. */
  async #save(local: LocalJob): Promise<void> {
    await local.saving;
    if (!this.#local.has(local.job.id)) return;
    local.saving = this.#write(local).finally(() => {
      local.saving = undefined;
    });
    await local.saving;
  }

  async #write(local: LocalJob): Promise<void> {
    const { job, errors } = local;
    const { savedErrors } = local;
    const isEnd = !isActive(job);
    const fresh = errors.slice(savedErrors);
    try {
      const cancelledBy = await this.#rows.save(job, fresh, savedErrors);
      local.savedErrors = savedErrors + fresh.length;
      if (isEnd) this.#local.delete(job.id);
      else if (cancelledBy !== undefined) this.#stop(local, new Cancelled(cancelledBy));
    } catch (error) {
      this.#logger.warn("how far a job is could not be stored", { job: job.id, error });
    }
  }
}

/** The newest of all, of which a person sees theirs. */
const maxListed = 1_000;

function stateOf(reason: unknown): "cancelled" | "interrupted" {
  return reason instanceof Cancelled ? "cancelled" : "interrupted";
}

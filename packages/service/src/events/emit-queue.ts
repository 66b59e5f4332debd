/**
 * Events that nobody waits for, on their way to the store. While the store is away they wait, as many as there is room for;
 * what cannot be stored is logged with its content.
 */
import type { Logger } from "../log/logger.ts";
import { isUnavailable } from "../store/error.ts";
import type { NewEvent } from "./event.ts";
import { logEvent } from "./log-sink.ts";
import type { PreparedEvent } from "./stored-event.ts";

export type UnstoredReason = "no event" | "too many wait" | "refused" | "closed";

export interface EmitQueueOptions {
  readonly logger: Logger;
  /** @throws when it is no event */
  readonly prepare: (event: NewEvent) => PreparedEvent;
  readonly store: (event: PreparedEvent, isRetry: boolean) => Promise<void>;
  readonly onUnstored: (reason: UnstoredReason) => void;
}

interface Waiting {
  readonly event: NewEvent;
  readonly prepared: PreparedEvent;
  wasTried: boolean;
}

const maxWaiting = 10_000;
const minRetryMs = 500;
const maxRetryMs = 10_000;

export class EmitQueue {
  readonly #options: EmitQueueOptions;
  /** Being stored. */
  readonly #underWay = new Set<Waiting>();
  /** Until the store is back. */
  readonly #delayed: Waiting[] = [];
  readonly #idle: (() => void)[] = [];
  #retryMs = minRetryMs;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: EmitQueueOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#underWay.size + this.#delayed.length;
  }

  /** Never throws. */
  add(event: NewEvent): void {
    try {
      if (this.#isClosed || this.waiting >= maxWaiting) {
        this.#giveUp(event, this.#isClosed ? "closed" : "too many wait");
        return;
      }
      const waiting = { event, prepared: this.#options.prepare(event), wasTried: false };
      if (this.#delayed.length > 0) this.#delayed.push(waiting);
      else void this.#store(waiting);
    } catch (error) {
      this.#giveUp(event, "no event", error);
    }
  }

  /** Resolves when all are stored, or once the signal is aborted and the rest is logged. */
  async close(signal?: AbortSignal): Promise<void> {
    this.#isClosed = true;
    if (this.#delayed.length > 0) void this.#retry();
    if (this.waiting > 0 && signal?.aborted !== true) {
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve);
        signal?.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    clearTimeout(this.#timer);
    for (const { event } of [...this.#underWay, ...this.#delayed.splice(0)]) this.#giveUp(event, "closed");
    this.#underWay.clear();
  }

  async #store(waiting: Waiting): Promise<void> {
    this.#underWay.add(waiting);
    const isRetry = waiting.wasTried;
    waiting.wasTried = true;
    try {
      await this.#options.store(waiting.prepared, isRetry);
      this.#underWay.delete(waiting);
      this.#retryMs = minRetryMs;
    } catch (error) {
      // After `close` it has been given up already.
      if (!this.#underWay.delete(waiting)) return;
      if (isUnavailable(error)) this.#delay(waiting);
      else this.#giveUp(waiting.event, "refused", error);
    }
    if (this.waiting === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #delay(waiting: Waiting): void {
    this.#delayed.push(waiting);
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.#retry(), this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs);
  }

  async #retry(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // One to find out whether the store is back: ten thousand at once would each wait for a connection in vain.
    const [first] = this.#delayed.splice(0, 1);
    if (first !== undefined) await this.#store(first);
    if (this.#timer === undefined) for (const waiting of this.#delayed.splice(0)) void this.#store(waiting);
  }

  #giveUp(event: NewEvent, reason: UnstoredReason, error?: unknown): void {
    this.#options.onUnstored(reason);
    logEvent(this.#options.logger, event, { notStored: reason, error });
  }
}

/**
 * Notes what became of changes. A change that was made cannot be taken back because the store has gone away meanwhile: its
 * outcome then waits here and is noted when the store is back, and is written to the log, with its event, if that takes too long.
 */
import { type Logger, StoreError } from "@espalier/service";
import type { ChangeStore, Outcome } from "./change-store.ts";

export interface OutcomeRecorderOptions {
  readonly changes: Pick<ChangeStore, "settle">;
  readonly logger: Logger;
  readonly onWaiting: (count: number) => void;
}

const maxWaiting = 10_000;
const retryMs = 2_000;

export class OutcomeRecorder {
  readonly #options: OutcomeRecorderOptions;
  readonly #waiting: Outcome[] = [];
  #timer: NodeJS.Timeout | undefined;
  #retrying: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: OutcomeRecorderOptions) {
    this.#options = options;
  }

  /** Whether it is on stable storage. Otherwise it waits, or has been logged. Never throws. */
  async record(outcome: Outcome): Promise<boolean> {
    try {
      await this.#options.changes.settle(outcome);
      return true;
    } catch (error) {
      const { logger } = this.#options;
      logger.error("what became of a change could not be noted yet", { ...summary(outcome), error });
      if (!isTemporary(error) || this.#isClosed || this.#waiting.length >= maxWaiting) this.#giveUp(outcome, error);
      else this.#wait([outcome]);
      return false;
    }
  }

  /** Tries once more, and logs what is left. The store is closed after it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#retrying;
    if (this.#waiting.length > 0) await this.#retry();
    clearTimeout(this.#timer);
    for (const outcome of this.#waiting.splice(0)) this.#giveUp(outcome, undefined);
    this.#options.onWaiting(0);
  }

  #wait(outcomes: readonly Outcome[]): void {
    this.#waiting.push(...outcomes);
    this.#options.onWaiting(this.#waiting.length);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#retrying = this.#retry();
    }, retryMs).unref();
  }

  /** In order, as long as the store takes them. */
  async #retry(): Promise<void> {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      try {
        await this.#options.changes.settle(next);
      } catch (error) {
        if (isTemporary(error)) {
          if (!this.#isClosed) this.#wait([]);
          return;
        }
        this.#giveUp(next, error);
      }
      this.#waiting.shift();
      this.#options.onWaiting(this.#waiting.length);
    }
  }

  #giveUp(outcome: Outcome, error: unknown): void {
    const fields = { ...summary(outcome), event: outcome.event?.data, error };
    this.#options.logger.error("what became of a change is noted nowhere but here", fields);
  }
}

function isTemporary(error: unknown): boolean {
  return error instanceof StoreError && error.code !== "ERR_STORE_CONSTRAINT" && error.code !== "ERR_STORE_QUERY";
}

function summary({ setId, number, status, node, event }: Outcome): Record<string, unknown> {
  return { change_set: setId, number, status, node, event_type: event?.type, dn: event?.subject, actor: event?.actor };
}

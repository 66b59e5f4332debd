/** One check of a backend from its beginning to its end, within its time whatever the backend does. */
import type { Clock } from "../backend/clock.ts";
import { CheckFailure, type HealthCheck, type Inspection } from "./health-check.ts";

/** What the backend was found to be, or how the probe failed. */
export type CheckOutcome = Inspection | CheckFailure;

export interface RunningCheckOptions {
  readonly check: HealthCheck;
  readonly clock: Clock;
  /** For the inspection. */
  readonly timeoutMs: number;
}

export class RunningCheck {
  readonly #options: RunningCheckOptions;
  readonly #startedMs: number;
  readonly #ended = Promise.withResolvers<CheckOutcome | undefined>();
  #limitMs: number;
  #isProbing = true;
  #cancelTimer: () => void;

  /** `limitMs`: the probe may take so long. */
  constructor(options: RunningCheckOptions, limitMs: number) {
    this.#options = options;
    this.#startedMs = options.clock.now();
    this.#limitMs = limitMs;
    this.#cancelTimer = options.clock.schedule(limitMs, () => this.#timedOut());
    void this.#probe();
  }

  /** Never rejects; `undefined` when it was aborted. */
  get ended(): Promise<CheckOutcome | undefined> {
    return this.#ended.promise;
  }

  /** The probe may take no longer than `limitMs` from its beginning, which may be over already. */
  limit(limitMs: number): void {
    if (!this.#isProbing || limitMs >= this.#limitMs) return;
    this.#limitMs = limitMs;
    const { clock } = this.#options;
    this.#cancelTimer();
    const restMs = Math.max(0, this.#startedMs + limitMs - clock.now());
    this.#cancelTimer = clock.schedule(restMs, () => this.#timedOut());
  }

  abort(): void {
    this.#end(undefined);
  }

  async #probe(): Promise<void> {
    const { check, clock, timeoutMs } = this.#options;
    try {
      await check.probe(this.#limitMs);
    } catch (error) {
      const failure = error instanceof CheckFailure ? error : new CheckFailure("connection", String(error));
      return this.#end(failure);
    }
    if (!this.#isProbing) return;
    this.#isProbing = false;
    this.#cancelTimer();
    this.#cancelTimer = clock.schedule(timeoutMs, () => this.#end({}));
    this.#end(await check.inspect(timeoutMs));
  }

  #timedOut(): void {
    this.#end(new CheckFailure("connection", `no answer to a check within ${Math.round(this.#limitMs)} ms`));
  }

  #end(outcome: CheckOutcome | undefined): void {
    this.#isProbing = false;
    this.#cancelTimer();
    this.#ended.resolve(outcome);
  }
}

/**
 * From single observations to a state: `rise` checks that succeed make a backend up, `fall` that fail make it down, and one
 * is enough where operations have failed as well. A backend that fails soon after it came back is held down for longer and
 * longer. Time and observations are arguments; nothing else comes in.
 */
import type { BackendHealth } from "../backend/backend-state.ts";

export interface HealthJudgeOptions {
  readonly rise: number;
  readonly fall: number;
  /** Failing within this time of coming back is flapping, and costs as long of staying down, twice as long each time. */
  readonly holdDownMs: number;
}

/** `connection`: refused, lost, or silent until the time-out. `answer`: the server answered, and not as it should. */
export type FailureKind = "connection" | "answer";

/** A hold-down grows to this many times the first. */
const longestHold = 8;

export class HealthJudge {
  readonly #options: HealthJudgeOptions;
  #health: BackendHealth = "down";
  /** The first check is believed at once: there is nothing yet that it could contradict. */
  #isFirst = true;
  /** Checks in a row that succeeded, or that failed; one of the two is 0. */
  #successes = 0;
  #failures = 0;
  #lastFailure: FailureKind | undefined;
  /** Checks in a row that found it degraded while it is up, or the other way round. */
  #otherwise = 0;
  /**
   * An operation has failed on a connection, and no check has succeeded since. That a connection could be made is no sign that
   * anybody answers on it: for a process that is stopped the kernel goes on accepting.
   */
  #operationFailed = false;
  #backSinceMs: number | undefined;
  #holdMs = 0;
  #heldUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: HealthJudgeOptions) {
    this.#options = options;
  }

  get health(): BackendHealth {
    return this.#health;
  }

  /** How the last check failed; `undefined` when it did not. */
  get lastFailure(): FailureKind | undefined {
    return this.#lastFailure;
  }

  /** Until when it stays down although its checks succeed. */
  get heldUntilMs(): number {
    return this.#heldUntilMs;
  }

  /** A check succeeded. `isDegraded`: it is not as good as the others. */
  succeeded(isDegraded: boolean, nowMs: number): void {
    this.#failures = 0;
    this.#lastFailure = undefined;
    this.#operationFailed = false;
    this.#successes += 1;
    const found: BackendHealth = isDegraded ? "degraded" : "up";
    if (this.#health === "down") {
      if (!this.#isFirst && (this.#successes < this.#options.rise || nowMs < this.#heldUntilMs)) return;
      if (!this.#isFirst) this.#backSinceMs = nowMs;
      this.#become(found);
    } else if (found === this.#health) {
      this.#otherwise = 0;
    } else {
      this.#otherwise += 1;
      if (this.#otherwise >= (isDegraded ? this.#options.fall : this.#options.rise)) this.#become(found);
    }
  }

  failed(kind: FailureKind, nowMs: number): void {
    this.#successes = 0;
    this.#otherwise = 0;
    this.#failures += 1;
    this.#lastFailure = kind;
    this.#isFirst = false;
    if (this.#failures >= this.#options.fall || this.#isConfirmed) this.#fall(nowMs);
  }

  /** An operation failed on a connection, or a connection could not be had. */
  operationFailed(nowMs: number): void {
    this.#operationFailed = true;
    if (this.#isConfirmed) this.#fall(nowMs);
  }

  /** Checks and operations agree that it cannot be reached, in whichever order they found out. */
  get #isConfirmed(): boolean {
    return this.#operationFailed && this.#lastFailure === "connection";
  }

  #fall(nowMs: number): void {
    if (this.#health === "down") return;
    const { holdDownMs } = this.#options;
    const isFlapping = this.#backSinceMs !== undefined && nowMs - this.#backSinceMs < holdDownMs;
    this.#holdMs = isFlapping ? Math.min(longestHold * holdDownMs, Math.max(holdDownMs, 2 * this.#holdMs)) : 0;
    this.#heldUntilMs = nowMs + this.#holdMs;
    this.#become("down");
  }

  #become(health: BackendHealth): void {
    this.#isFirst = false;
    this.#otherwise = 0;
    this.#health = health;
  }
}

/** Whether a node is worth trying, out of what became of the last tries; and when to look again at one that is not. */

export interface CircuitBreakerOptions {
  /** At least 0, less than 1. */
  readonly random?: () => number;
}

/** One failure may be a dropped connection or a busy moment; the second in a row is believed. */
const failuresToOpen = 2;
const confirmAfterMs = 100;
const firstDelayMs = 500;
const longestDelayMs = 15_000;

/** Closed: the node is used. Open: it is not, until a check at growing intervals has succeeded once. */
export class CircuitBreaker {
  readonly #random: () => number;
  #failures = 0;
  #isOpen = false;

  constructor({ random = Math.random }: CircuitBreakerOptions = {}) {
    this.#random = random;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** A check failed. */
  failed(): void {
    this.#failures += 1;
    if (this.#failures >= failuresToOpen) this.#isOpen = true;
  }

  /** Work could not have a connection, or lost one. Counts once, however much work there is: a check has to confirm it. */
  suspect(): void {
    this.#failures = Math.max(this.#failures, failuresToOpen - 1);
  }

  succeeded(): void {
    this.#failures = 0;
    this.#isOpen = false;
  }

  /** How long to wait for the next check; `undefined` while nothing is wrong. Twice as long each time, less up to a half at random. */
  get nextCheckMs(): number | undefined {
    if (this.#failures === 0) return undefined;
    if (!this.#isOpen) return confirmAfterMs;
    const longest = Math.min(firstDelayMs * 2 ** (this.#failures - failuresToOpen), longestDelayMs);
    return longest * (1 - this.#random() / 2);
  }
}

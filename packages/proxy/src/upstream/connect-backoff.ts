/** When a backend to which no connection could be made is tried again. */

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;

export class ConnectBackoff {
  readonly #random: () => number;
  #failures = 0;
  #nextAtMs = Number.NEGATIVE_INFINITY;

  /** `random`: 0 ≤ x < 1. Proxies that lost a backend together come back at different times. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** How long nothing may be tried yet; 0 when it may. */
  remainingMs(nowMs: number): number {
    return Math.max(0, this.#nextAtMs - nowMs);
  }

  /** Attempts that fail together count once. */
  failed(nowMs: number): void {
    if (nowMs < this.#nextAtMs) return;
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 10);
    this.#nextAtMs = nowMs + delayMs * (0.5 + this.#random() / 2);
  }

  succeeded(): void {
    this.#failures = 0;
    this.#nextAtMs = Number.NEGATIVE_INFINITY;
  }
}

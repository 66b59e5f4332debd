/** How fast a backend begins to answer, lately. */

/** The weight of a new answer; RFC 6298 smooths round-trip times with the same. */
const WEIGHT = 1 / 8;

export class Latency {
  #meanMs: number | undefined;

  /** An exponentially weighted average; `undefined` before the first answer. */
  get meanMs(): number | undefined {
    return this.#meanMs;
  }

  observe(durationMs: number): void {
    this.#meanMs = this.#meanMs === undefined ? durationMs : this.#meanMs + (durationMs - this.#meanMs) * WEIGHT;
  }
}

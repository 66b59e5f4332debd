/** The one timer of all connections: looks at each now and then, instead of a timer for each message. */

const maxIntervalMs = 1_000;
const minIntervalMs = 10;

export class Sweeper {
  readonly #intervalMs: number;
  readonly #sweep: () => void;
  #timer: NodeJS.Timeout | undefined;
  #nowMs = performance.now();

  /** `sweep` is called often enough for the shortest of `timesMs` to be kept within a quarter; a time of 0 is none. */
  constructor(timesMs: readonly number[], sweep: () => void) {
    const shortestMs = Math.min(...timesMs.filter((time) => time > 0));
    this.#intervalMs = Math.max(minIntervalMs, Math.min(maxIntervalMs, shortestMs / 4));
    this.#sweep = sweep;
  }

  /** `performance.now()` as of the last sweep: reading it costs nothing, and it is late by one interval at most. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Does not keep the process alive. */
  start(): void {
    if (this.#timer === undefined) this.#run(this.#intervalMs);
  }

  /** Sweeps at least every `intervalMs` from here on, so that the clock is as fine. */
  hurry(intervalMs: number): void {
    if (this.#timer === undefined || this.#intervalMs <= intervalMs) return;
    this.stop();
    this.#run(intervalMs);
  }

  #run(intervalMs: number): void {
    this.#nowMs = performance.now();
    this.#timer = setInterval(() => {
      this.#nowMs = performance.now();
      this.#sweep();
    }, intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** The one timer of a server: looks at every connection now and then instead of setting a timer for each message. */
import type { ServerLimits } from "./limits.ts";

const MAX_INTERVAL_MS = 1_000;
const MIN_INTERVAL_MS = 10;

export class Sweeper {
  readonly #intervalMs: number;
  readonly #sweep: () => void;
  #timer: NodeJS.Timeout | undefined;
  #nowMs = performance.now();

  /** `sweep` is called often enough for the shortest time of `limits` to be kept within a quarter. */
  constructor(limits: ServerLimits, sweep: () => void) {
    const times = [limits.idleTimeoutMs, limits.messageTimeoutMs, limits.tlsHandshakeTimeoutMs, limits.writeTimeoutMs];
    const shortestMs = Math.min(...times.filter((time) => time > 0));
    this.#intervalMs = Math.max(MIN_INTERVAL_MS, Math.min(MAX_INTERVAL_MS, shortestMs / 4));
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

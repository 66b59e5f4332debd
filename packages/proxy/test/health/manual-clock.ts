/** A clock that stands still until it is told. */
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../src/backend/clock.ts";

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

export class ManualClock implements Clock {
  readonly #startedMs = Date.UTC(2026, 0, 3, 12);
  #nowMs = 0;
  #timers: Timer[] = [];

  now(): number {
    return this.#nowMs;
  }

  wallTime(): number {
    return this.#startedMs + this.#nowMs;
  }

  schedule(delayMs: number, run: () => void): () => void {
    const timer: Timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Moves on without running anything, for code that sets no timers. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }

  /** Moves on by `ms`, runs what is due at its time, and lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await turn();
    for (;;) {
      const due = this.#timers.filter(({ atMs }) => atMs <= untilMs);
      if (due.length === 0) break;
      const next = due.reduce((first, timer) => (timer.atMs < first.atMs ? timer : first));
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
      await turn();
    }
    this.#nowMs = untilMs;
    await turn();
  }
}

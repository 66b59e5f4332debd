/** The one timer of a pool, which looks at all its connections, and knows when it is late. */

export class JudgeTimer {
  readonly #intervalMs: number;
  readonly #judge: (nowMs: number, lateMs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #judgedAtMs = 0;

  /** `lateMs`: how long this process did not run, and so did not hear what it may have been sent; 0 for less than an interval. */
  constructor(intervalMs: number, judge: (nowMs: number, lateMs: number) => void) {
    this.#intervalMs = intervalMs;
    this.#judge = judge;
  }

  /** Does not keep the process alive. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#judgedAtMs = performance.now();
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      const lateMs = nowMs - this.#judgedAtMs - this.#intervalMs;
      this.#judgedAtMs = nowMs;
      this.#judge(nowMs, lateMs >= this.#intervalMs ? lateMs : 0);
    }, this.#intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Lines that strangers can cause, so many a second: what is over is counted, and told with the next that is written. */
const linesPerSecond = 10;

export class LineBudget {
  readonly #now: () => number;
  #second = Number.NEGATIVE_INFINITY;
  #written = 0;
  #suppressed = 0;

  /** `now` is in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether to write a line; `suppressed` is how many were not, since the last one that was. */
  spend(): { readonly suppressed: number } | undefined {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#written = 0;
    }
    if (this.#written === linesPerSecond) {
      this.#suppressed++;
      return undefined;
    }
    this.#written++;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    return { suppressed };
  }
}

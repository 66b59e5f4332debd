/** One process's part of a number that several processes have together and that has a limit. */

export interface SharedCountOptions {
  /** Of all processes together. */
  readonly limit: number;
  /** How many processes there are. */
  readonly processes: number;
  /** Tells the others how many this process has. */
  readonly tell: (own: number) => void;
}

/**
 * The others are told of a change only once it is more than this process's part of half of what is left below the limit: far from
 * it nobody is told of one that comes and goes, close to it everybody of each. So what nobody was told of never passes the limit,
 * and what was told but has not arrived passes it for no longer than that takes.
 */
export class SharedCount {
  readonly #options: SharedCountOptions;
  #own = 0;
  #told = 0;
  #others = 0;

  constructor(options: SharedCountOptions) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#own + this.#others >= this.#options.limit;
  }

  /** Nobody has any, as far as is known here. */
  get isZero(): boolean {
    return this.#own === 0 && this.#others === 0;
  }

  change(change: 1 | -1): void {
    this.#own += change;
    this.#tellWhenFar();
  }

  /** Takes in how many the other processes have. */
  setOthers(others: number): void {
    this.#others = others;
    this.#tellWhenFar();
  }

  #tellWhenFar(): void {
    const { limit, processes, tell } = this.#options;
    const left = Math.max(0, limit - this.#own - this.#others);
    const untold = Math.abs(this.#own - this.#told);
    // Whoever has none any more says so, that nobody need remember.
    if (untold > Math.floor(left / (2 * processes)) || (this.#own === 0 && untold > 0)) {
      this.#told = this.#own;
      tell(this.#own);
    }
  }
}

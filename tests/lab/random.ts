/** Numbers that look random and are the same for the same seed, so that a failing run can be had again. */

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** At least 0 and less than 1; the generator known as mulberry32. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** A whole number, at least 0 and less than `limit`. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  /** True in about `probability` of the calls. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of `choices`, which has at least one. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** `count` different ones of `choices`, or all where there are fewer, in a random order. */
  sample<T>(choices: readonly T[], count: number): T[] {
    const pool = [...choices];
    const end = Math.min(count, pool.length);
    for (let index = 0; index < end; index += 1) {
      const other = index + this.below(pool.length - index);
      [pool[index], pool[other]] = [pool[other] as T, pool[index] as T];
    }
    return pool.slice(0, end);
  }
}

/** Tries of many at once, which come back one by one (the generic cell rate algorithm, ITU-T I.371), in a bounded memory. */

export interface TriesOptions {
  readonly burst: number;
  /** Milliseconds in which one comes back. */
  readonly refillMs: number;
  /** Beyond it who took one longest ago is forgotten, and has all. */
  readonly maxKeys: number;
  /** Milliseconds that never go back. */
  readonly now: () => number;
}

interface UnderWay {
  count: number;
  /** Of the next of them. */
  readonly end: PromiseWithResolvers<void>;
}

/** A try is under way from `take` until `giveBack` or `spend`, exactly one of which follows. */
export class Tries {
  readonly #options: TriesOptions;
  /** When each has all its tries again; the one that took one longest ago first. */
  readonly #fullAtMs = new Map<string, number>();
  readonly #underWay = new Map<string, UnderWay>();

  constructor(options: TriesOptions) {
    this.#options = options;
  }

  /** How many are left, which is below zero where more were taken than there were. */
  left(key: string): number {
    const { burst, refillMs, now } = this.#options;
    const owedMs = Math.max(0, (this.#fullAtMs.get(key) ?? 0) - now());
    return Math.floor(burst - owedMs / refillMs);
  }

  take(key: string): void {
    const { refillMs, maxKeys, now } = this.#options;
    const fullAtMs = Math.max(this.#fullAtMs.get(key) ?? 0, now()) + refillMs;
    this.#fullAtMs.delete(key);
    this.#fullAtMs.set(key, fullAtMs);
    const [oldest] = this.#fullAtMs.size > maxKeys ? this.#fullAtMs.keys() : [];
    if (oldest !== undefined) this.#fullAtMs.delete(oldest);
    const underWay = this.#underWay.get(key) ?? { count: 0, end: Promise.withResolvers() };
    underWay.count += 1;
    this.#underWay.set(key, underWay);
  }

  giveBack(key: string): void {
    const fullAtMs = this.#fullAtMs.get(key);
    if (fullAtMs !== undefined) this.#fullAtMs.set(key, fullAtMs - this.#options.refillMs);
    this.#ended(key);
  }

  spend(key: string): void {
    this.#ended(key);
  }

  /** Resolves when one that is under way has ended; undefined where that could leave none, as they are spent. */
  nextEnd(key: string): Promise<void> | undefined {
    const underWay = this.#underWay.get(key);
    return underWay !== undefined && this.left(key) + underWay.count >= 1 ? underWay.end.promise : undefined;
  }

  #ended(key: string): void {
    const underWay = this.#underWay.get(key);
    if (underWay === undefined) return;
    underWay.end.resolve();
    if (underWay.count === 1) this.#underWay.delete(key);
    else this.#underWay.set(key, { count: underWay.count - 1, end: Promise.withResolvers() });
  }

  /** Whole seconds until there is one, 1 or more. */
  waitSeconds(key: string): number {
    const { burst, refillMs, now } = this.#options;
    const owedMs = Math.max(0, (this.#fullAtMs.get(key) ?? 0) - now());
    return Math.max(1, Math.ceil((owedMs - (burst - 1) * refillMs) / 1_000));
  }
}

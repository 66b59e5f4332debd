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

export class Tries {
  readonly #options: TriesOptions;
  /** When each has all its tries again; the one that took one longest ago first. */
  readonly #fullAtMs = new Map<string, number>();

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
  }

  giveBack(key: string): void {
    const fullAtMs = this.#fullAtMs.get(key);
    if (fullAtMs !== undefined) this.#fullAtMs.set(key, fullAtMs - this.#options.refillMs);
  }

  /** Whole seconds until there is one, 1 or more. */
  waitSeconds(key: string): number {
    const { burst, refillMs, now } = this.#options;
    const owedMs = Math.max(0, (this.#fullAtMs.get(key) ?? 0) - now());
    return Math.max(1, Math.ceil((owedMs - (burst - 1) * refillMs) / 1_000));
  }
}

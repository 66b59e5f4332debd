/** Rates of many senders at once, in a bounded memory: a bucket of tokens each, which fills up by the minute. */

export interface TokenBucketOptions {
  /** Tokens a minute. */
  readonly average: number;
  /** Tokens in a full bucket. */
  readonly burst: number;
  /** Buckets that are remembered. Beyond it the one that was used least lately is forgotten: full. */
  readonly maxKeys: number;
  /** Milliseconds that never go back. */
  readonly now?: () => number;
}

interface Bucket {
  tokens: number;
  filledMs: number;
}

const minuteMs = 60_000;

export class TokenBuckets {
  readonly #options: TokenBucketOptions;
  readonly #now: () => number;
  /** In the order of their last use. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Whether there was a token to take. */
  take(key: string): boolean {
    const bucket = this.#bucketOf(key);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  isEmpty(key: string): boolean {
    const known = this.#buckets.get(key);
    return known !== undefined && this.#tokensOf(known) < 1;
  }

  /** Whole seconds until there is a token, 1 or more. */
  retryAfterSeconds(key: string): number {
    const known = this.#buckets.get(key);
    const missing = 1 - (known === undefined ? this.#options.burst : this.#tokensOf(known));
    return Math.max(1, Math.ceil((missing * minuteMs) / this.#options.average / 1_000));
  }

  #bucketOf(key: string): Bucket {
    const { burst, maxKeys } = this.#options;
    const known = this.#buckets.get(key);
    if (known === undefined) {
      const created = { tokens: burst, filledMs: this.#now() };
      this.#buckets.set(key, created);
      const [oldest] = this.#buckets.size > maxKeys ? this.#buckets.keys() : [];
      if (oldest !== undefined) this.#buckets.delete(oldest);
      return created;
    }
    known.tokens = this.#tokensOf(known);
    known.filledMs = this.#now();
    this.#buckets.delete(key);
    this.#buckets.set(key, known);
    return known;
  }

  #tokensOf({ tokens, filledMs }: Bucket): number {
    const { average, burst } = this.#options;
    return Math.min(burst, tokens + ((this.#now() - filledMs) * average) / minuteMs);
  }
}

/**
 * Says whether a password is the stored one, whatever scheme it is stored in, and takes the same work to say no.
 *
 * Digests and clear text are compared at once and answered without a promise; slow hashes go to the hash pool.
 */
import { setTimeout as delay } from "node:timers/promises";
import { matchesCleartext, matchesDigest } from "./digest.ts";
import { DummyHashes } from "./dummy-hashes.ts";
import { HashPool, type HashPoolOptions, type HashRunner } from "./hash-pool.ts";
import { parseStoredHash } from "./scheme.ts";
import { type FastHash, type HashLimits, type HashRefusal, isFastHash, type StoredHash } from "./stored-hash.ts";

/**
 * - `match`, `mismatch`: the password is the stored one, or is not.
 * - `locked`, `unsupported`, `malformed`, `tooCostly`: the stored value admits nobody; see {@link HashRefusal}. To the
 *   client a wrong password, to the administrator a row to be seen to.
 * - `busy`, `failed`: nothing is known about the password, because the hash queue is full or a hash worker was lost. The
 *   user may try again, and it must not count as a wrong password.
 */
export type VerifyOutcome = "match" | "mismatch" | HashRefusal | "busy" | "failed";

/** Longer passwords match nothing: SHA-crypt's work grows with the password's length, and with its square. */
export const maxPasswordBytes = 1024;

export interface PasswordVerifierOptions extends HashPoolOptions {
  readonly allowCleartext: boolean;
  /** @default defaultHashLimits */
  readonly limits?: HashLimits;
}

export class PasswordVerifier {
  readonly #options: PasswordVerifierOptions;
  readonly #runner: HashRunner;
  readonly #dummies = new DummyHashes();
  readonly #durations = new RecentDurations();

  constructor(options: PasswordVerifierOptions, runner: HashRunner = new HashPool(options)) {
    this.#options = options;
    this.#runner = runner;
  }

  /**
   * Compares `password` (the bytes of the bind request) with the value stored for `account`. Never throws or rejects. An
   * empty password matches nothing, and neither does one of more than {@link maxPasswordBytes}.
   *
   * A stored value that is refused takes the work of {@link verifyDummy} first, so that it looks like a wrong password.
   */
  verify(account: string, stored: string, password: Uint8Array): VerifyOutcome | Promise<VerifyOutcome> {
    if (!isPlausible(password)) return "mismatch";
    const parsed = parseStoredHash(stored, this.#options);
    if (typeof parsed !== "string") {
      this.#dummies.observe(stored, parsed);
      return this.#compare(parsed, password);
    }
    const dummy = this.verifyDummy(account, password);
    return typeof dummy === "string" ? parsed : dummy.then((outcome) => (outcome === "mismatch" ? parsed : outcome));
  }

  /**
   * Does the work of a wrong password for an `account` that cannot log in: it does not exist, is suspended, or has no
   * password. `account` must be spelt the same way each time (the normalized DN, for example).
   */
  verifyDummy(account: string, password: Uint8Array): DummyOutcome | Promise<DummyOutcome> {
    const dummy = isPlausible(password) ? this.#dummies.for(account) : undefined;
    if (dummy === undefined) return "mismatch";
    const outcome = this.#compare(dummy, password);
    return typeof outcome === "string" ? "mismatch" : outcome.then(neverMatch);
  }

  /**
   * Takes the time of a wrong password without its work, for a bind that is refused before its password is looked at: a
   * flood of those must not keep the hash workers from everybody else. Nothing to wait for where hashes are fast.
   */
  pause(account: string): Promise<void> | undefined {
    const dummy = this.#dummies.for(account);
    const durationMs = dummy === undefined || isFastHash(dummy) ? undefined : this.#durations.any();
    return durationMs === undefined ? undefined : delay(durationMs);
  }

  /**
   * Learns which schemes and costs this directory's users have. Every verified hash is learnt from as well; telling some
   * hundred rows at the start makes the first unknown user look right too.
   */
  observe(stored: string): void {
    const parsed = parseStoredHash(stored, this.#options);
    if (typeof parsed !== "string") this.#dummies.observe(stored, parsed);
  }

  /** Slow hashes being computed and waiting for it. */
  get pending(): number {
    return this.#runner.pending;
  }

  /** Ends the hash workers; what is pending ends as `failed`. */
  close(): Promise<void> {
    return this.#runner.close();
  }

  #compare(stored: StoredHash, password: Uint8Array): Comparison | Promise<Comparison> {
    return isFastHash(stored) ? compareFast(stored, password) : this.#compareSlowly(stored, password);
  }

  async #compareSlowly(stored: Exclude<StoredHash, FastHash>, password: Uint8Array): Promise<Comparison> {
    const startMs = performance.now();
    const outcome = await this.#runner.run(stored, password);
    if (outcome === "match" || outcome === "mismatch") this.#durations.add(performance.now() - startMs);
    return outcome;
  }
}

export type DummyOutcome = "mismatch" | "busy" | "failed";
type Comparison = "match" | "mismatch" | "malformed" | "busy" | "failed";

function isPlausible(password: Uint8Array): boolean {
  return password.length > 0 && password.length <= maxPasswordBytes;
}

function compareFast(stored: FastHash, password: Uint8Array): "match" | "mismatch" {
  const matches = stored.kind === "digest" ? matchesDigest(stored, password) : matchesCleartext(stored, password);
  return matches ? "match" : "mismatch";
}

function neverMatch(outcome: Comparison): DummyOutcome {
  return outcome === "busy" || outcome === "failed" ? outcome : "mismatch";
}

/** The last durations measured, to draw one from: a pause with a spread like theirs. */
class RecentDurations {
  readonly #durationsMs: number[] = [];
  #next = 0;

  add(durationMs: number): void {
    this.#durationsMs[this.#next] = durationMs;
    this.#next = (this.#next + 1) % 32;
  }

  any(): number | undefined {
    return this.#durationsMs[Math.floor(Math.random() * this.#durationsMs.length)];
  }
}

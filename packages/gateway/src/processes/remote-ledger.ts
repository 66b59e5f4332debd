/** The back-off's ledger as a worker has it: the primary holds it, and is asked only about whom it could refuse. */
import type { BindAttempt } from "../backoff/attempt.ts";
import { FamiliarAddresses } from "../backoff/familiar-addresses.ts";
import { type Failures, KnownFailures } from "../backoff/known-failures.ts";
import { type BackoffDecision, type BackoffLedger, familiarForMs, maxFamiliarAccounts } from "../backoff/ledger.ts";
import type { ToPrimary } from "./messages.ts";

export type BindEnding = "failed" | "succeeded" | "unverified";

/**
 * The first attempt of an account at an address that nothing is on record about goes on at once; a message to the primary and back
 * costs as much as a bind. Beside it, and once any has failed, the primary is asked about each. So guesses that are sent all at once
 * to all workers are at most rule 1's ten and one for each worker, and the ledger counts those too: they are paid back like others.
 */
export class RemoteLedger implements BackoffLedger {
  readonly #send: (message: ToPrimary) => void;
  readonly #now: () => number;
  readonly #failures: KnownFailures;
  /** Logins that the primary was told of. */
  readonly #told = new FamiliarAddresses({ forMs: familiarForMs, maxAccounts: maxFamiliarAccounts });
  /** Attempts in flight about which nobody was asked, by {@link BindAttempt.pair}. */
  readonly #unasked = new Map<string, BindAttempt>();
  readonly #waiting = new Map<number, PromiseWithResolvers<BackoffDecision>>();
  /** What was on record when this process began, the primary tells it a moment later. */
  #isTold = false;
  #isLost = false;
  #lastId = 0;

  /** @param now milliseconds of a clock that is never set back */
  constructor(send: (message: ToPrimary) => void, now: () => number = () => performance.now()) {
    this.#send = send;
    this.#now = now;
    this.#failures = new KnownFailures(now);
  }

  /** Rejects when the primary is gone: without it nobody can say. */
  check(attempt: BindAttempt): BackoffDecision | Promise<BackoffDecision> {
    // No rule is applied to it, so nobody need be asked.
    if (attempt.exempt) return { allowed: true };
    if (this.#isLost) return Promise.reject(new Error(primaryGone));
    if (this.#isTold && !this.#unasked.has(attempt.pair) && !this.#failures.concern(attempt)) {
      this.#unasked.set(attempt.pair, attempt);
      return { allowed: true };
    }
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<BackoffDecision>();
    this.#waiting.set(id, waiting);
    this.#send({ type: "check", id, attempt });
    return waiting.promise;
  }

  decided(id: number, decision: BackoffDecision): void {
    this.#waiting.get(id)?.resolve(decision);
    this.#waiting.delete(id);
  }

  /** Takes in what the primary tells all workers; the first has all that is on record. */
  know(failures: Failures): void {
    this.#isTold = true;
    this.#failures.add(failures);
  }

  lost(): void {
    this.#isLost = true;
    for (const { reject } of this.#waiting.values()) reject(new Error(primaryGone));
    this.#waiting.clear();
  }

  failed(attempt: BindAttempt): void {
    if (attempt.exempt) return;
    // Before the primary says so to all.
    this.#failures.add({ pairs: [attempt.pair], spentAddresses: [], spentAccounts: [] });
    this.#ended("failed", attempt);
  }

  succeeded(attempt: BindAttempt): void {
    if (attempt.exempt) return;
    const isNews = this.#told.remember(attempt.account, attempt.address, this.#now());
    this.#ended("succeeded", attempt, isNews);
  }

  unverified(attempt: BindAttempt): void {
    if (!attempt.exempt) this.#ended("unverified", attempt, false);
  }

  /** The primary hears of all that it was asked about, and of others if there is news. */
  #ended(how: BindEnding, attempt: BindAttempt, isNews = true): void {
    const wasAsked = this.#unasked.get(attempt.pair) !== attempt;
    if (!wasAsked) this.#unasked.delete(attempt.pair);
    if (wasAsked || isNews) this.#send({ type: "bindEnded", how, attempt });
  }
}

const primaryGone = "the primary process is gone";

/**
 * Back-off for wrong passwords that cannot be used to lock somebody else out.
 *
 * The rules, with their defaults. An *address* is an IPv4 address or an IPv6 /64. A *try* is a password, different from
 * the last eight wrong ones, that is compared with the stored one and found wrong. An address is *familiar* to an account
 * that has logged in from it within the last 30 days.
 *
 * 1. An account at an address has 10 tries; one comes back every 3 minutes. So somebody who guesses one account's password
 *    from one address gets 10 guesses and then 480 a day, and the account's owner, elsewhere, notices nothing.
 * 2. The same wrong password again is no new try: a telephone that goes on with last month's password locks out neither
 *    its owner nor the office behind the same address. An address may repeat wrong passwords 60 times and then twice a
 *    second.
 * 3. An address has 100 tries over all accounts; one comes back every 20 seconds. Without any left, accounts that the
 *    address is not familiar to are refused from it, and those that it is familiar to have rule 5. One user's typing
 *    errors are at most 10 of the 100, and each day's users of a shared address do not depend on its worst one.
 * 4. An account has 30 tries from addresses that are not familiar to it; one comes back every minute. Without any left it
 *    is under attack from many places: familiar addresses notice nothing, all others have rule 5.
 * 5. Where rule 3 or 4 says so, a try costs all ten tries of rule 1. So the first password from an address that has sent
 *    no wrong one is always compared, and whoever mistypes it waits half an hour, or goes to a familiar address.
 *
 * What follows: **the right password from an address that has sent no wrong one lately is never refused**, whatever
 * anybody did elsewhere; an account has no counter that refuses it everywhere. What the rules cannot do is to tell two
 * people at one address apart: somebody there can use up an account's tries at that address, and new users' tries at it.
 * Where many people stand behind one address by design (a proxy, a mail server, a web application), the address should be
 * exempt and do its own counting, as it sees who is behind it.
 *
 * A refused attempt is not compared, not counted and makes no record. An attempt in flight counts as a try of rule 1
 * until it has succeeded, so that guesses sent all at once are no more than guesses sent in turn; rules 3 and 4 count when
 * a password has been found wrong, so that a busy address is never refused for what is only under way.
 *
 * To the client a refused bind is a wrong password, invalidCredentials (49) after the time that a comparison takes. Not
 * busy (51): SSSD takes every result but success for a wrong password anyhow, clients that do tell them apart would spend
 * further tries at the next server, and a guesser need not know which guesses were never compared.
 *
 * Memory is bounded: the records changed longest ago are forgotten. A new record takes a try of its address's hundred, so
 * to push out one's own record of ten tries takes as many tries as there are records. Logins are remembered apart from
 * failures, where only the right password makes a record. Everything is forgotten at a restart.
 */
import { type Allowance, type FullAtMs, hasTries, refundTries, spendTries, waitMs } from "./allowance.ts";
import type { BindAttempt } from "./attempt.ts";
import { FamiliarAddresses } from "./familiar-addresses.ts";
import type { Failures } from "./known-failures.ts";
import { LruMap } from "./lru-map.ts";

/**
 * Which rule refused: `accountAtAddress` rule 1, `repetition` rule 2, `address` rule 3, `accountUnderAttack` rule 4. For
 * the log; the client is told what a wrong password is told.
 */
type BackoffReason = "accountAtAddress" | "repetition" | "address" | "accountUnderAttack";

export type BackoffDecision =
  | { readonly allowed: true }
  /** `retryAfterMs`: when the next attempt will be compared, if nothing else happens. */
  | { readonly allowed: false; readonly reason: BackoffReason; readonly retryAfterMs: number };

/**
 * Asked before a password is compared, and told what came of it. Exactly one of `failed`, `succeeded` and `unverified`
 * follows each attempt that is allowed; nothing follows one that is refused. All arguments and results pass as JSON, so that
 * one process can hold the ledger of several.
 */
export interface BackoffLedger {
  check(attempt: BindAttempt): BackoffDecision | Promise<BackoffDecision>;
  /** The password is wrong, or there is no such account. */
  failed(attempt: BindAttempt): void;
  succeeded(attempt: BindAttempt): void;
  /** Nothing is known about the password: the database or the hash workers were not there. */
  unverified(attempt: BindAttempt): void;
}

export interface BackoffOptions {
  /** Rule 1. @default 10 tries, one every 3 minutes */
  readonly accountAtAddress?: Allowance;
  /** Rule 2, by address. @default 60, one every half second */
  readonly repetition?: Allowance;
  /** Rule 3; at least as many as rule 1 has, or one account could use up the address. @default 100, one every 20 seconds */
  readonly address?: Allowance;
  /** Rule 4. @default 30, one every minute */
  readonly account?: Allowance;
  /** @default 30 days */
  readonly familiarForMs?: number;
  /** Records kept for each of rules 1, 3 and 4: under 1 KB each. @default 20,000 */
  readonly maxRecords?: number;
  /** Accounts whose logins are remembered: some 300 bytes each, at most 2 KB. @default 100,000 */
  readonly maxFamiliarAccounts?: number;
  /** Milliseconds of a clock that is never set back. @default performance.now */
  readonly clock?: () => number;
}

/** A password that this account tried from this address. */
interface Try {
  /** While it is in flight. */
  attempt: BindAttempt | undefined;
  /** Of its password, which has been found wrong. */
  wrongKey: string | undefined;
  /** Tries of rule 1 that it cost. */
  readonly cost: number;
}

interface AccountAtAddress {
  fullAtMs: FullAtMs;
  /** The newest last. */
  readonly tries: Try[];
}

interface Address {
  fullAtMs: FullAtMs;
  repetitionsFullAtMs: FullAtMs;
}

const maxRememberedTries = 8;

export const familiarForMs = 30 * 24 * 3_600_000;
export const maxFamiliarAccounts = 100_000;
export const maxRecords = 20_000;

/** The ledger of this process. */
export class LocalBackoffLedger implements BackoffLedger {
  readonly #accountAtAddress: Allowance;
  readonly #repetition: Allowance;
  readonly #address: Allowance;
  readonly #account: Allowance;
  readonly #now: () => number;
  readonly #pairs: LruMap<AccountAtAddress>;
  readonly #addresses: LruMap<Address>;
  readonly #accounts: LruMap<FullAtMs>;
  readonly #familiar: FamiliarAddresses;

  /** @throws RangeError with a sentence for the administrator when the options contradict themselves. */
  constructor(options: BackoffOptions = {}) {
    this.#accountAtAddress = options.accountAtAddress ?? { burst: 10, refillMs: 180_000 };
    this.#repetition = options.repetition ?? { burst: 60, refillMs: 500 };
    this.#address = options.address ?? { burst: 100, refillMs: 20_000 };
    this.#account = options.account ?? { burst: 30, refillMs: 60_000 };
    for (const { burst, refillMs } of [this.#accountAtAddress, this.#repetition, this.#address, this.#account]) {
      if (!Number.isInteger(burst) || burst < 1 || !(refillMs > 0)) {
        throw new RangeError("Each allowance of the back-off needs a burst of at least 1 and a refill time above 0.");
      }
    }
    if (this.#address.burst < this.#accountAtAddress.burst) {
      throw new RangeError(
        `The back-off allows an address ${this.#address.burst} tries but one account at it ` +
          `${this.#accountAtAddress.burst}: one user could use up the whole address. Allow the address more.`,
      );
    }
    this.#now = options.clock ?? (() => performance.now());
    const records = options.maxRecords ?? maxRecords;
    this.#pairs = new LruMap(records);
    this.#addresses = new LruMap(records);
    this.#accounts = new LruMap(records);
    this.#familiar = new FamiliarAddresses({
      forMs: options.familiarForMs ?? familiarForMs,
      maxAccounts: options.maxFamiliarAccounts ?? maxFamiliarAccounts,
    });
  }

  check(attempt: BindAttempt): BackoffDecision {
    if (attempt.exempt) return { allowed: true };
    const nowMs = this.#now();
    const pair = this.#pairs.get(attempt.pair);
    const known = pair?.tries.find((each) => isOf(each, attempt));
    if (known !== undefined) {
      return known.wrongKey === undefined ? { allowed: true } : this.#checkRepetition(attempt, nowMs);
    }

    const addressWaitMs = waitMs(this.#address, this.#addresses.get(attempt.address)?.fullAtMs ?? 0, 1, nowMs);
    const isAccountSpent = !hasTries(this.#account, this.#accounts.get(attempt.account) ?? 0, 1, nowMs);
    const familiar =
      (addressWaitMs > 0 || isAccountSpent) && this.#familiar.has(attempt.account, attempt.address, nowMs);
    if (addressWaitMs > 0 && !familiar) return { allowed: false, reason: "address", retryAfterMs: addressWaitMs };
    const underAttack = isAccountSpent && !familiar;
    const dear = addressWaitMs > 0 || underAttack;
    const cost = dear ? this.#accountAtAddress.burst : 1;
    const fullAtMs = pair?.fullAtMs ?? 0;
    const retryAfterMs = waitMs(this.#accountAtAddress, fullAtMs, cost, nowMs);
    if (retryAfterMs > 0) {
      const reason = underAttack ? "accountUnderAttack" : dear ? "address" : "accountAtAddress";
      return { allowed: false, reason, retryAfterMs };
    }
    this.#spend(attempt, cost, nowMs);
    return { allowed: true };
  }

  failed(attempt: BindAttempt): void {
    if (attempt.exempt) return;
    const nowMs = this.#now();
    const known = this.#knownTry(attempt);
    if (known?.wrongKey !== undefined) return;
    // Gone where the same password, sent twice at once, has meanwhile been right or not been compared.
    const wrong = known ?? this.#spend(attempt, 1, nowMs);
    wrong.attempt = undefined;
    wrong.wrongKey = attempt.passwordKey;
    this.#spendAddress(attempt, nowMs);
    if (this.#familiar.has(attempt.account, attempt.address, nowMs)) return;
    const accountFullAtMs = this.#accounts.get(attempt.account) ?? 0;
    // No debt here: an attack by ten thousand addresses must not mark the account for days after it.
    const spent = hasTries(this.#account, accountFullAtMs, 1, nowMs)
      ? spendTries(this.#account, accountFullAtMs, 1, nowMs)
      : accountFullAtMs;
    this.#accounts.set(attempt.account, spent);
  }

  succeeded(attempt: BindAttempt): void {
    if (attempt.exempt) return;
    this.#refund(attempt);
    this.#familiar.remember(attempt.account, attempt.address, this.#now());
  }

  unverified(attempt: BindAttempt): void {
    if (attempt.exempt || this.#knownTry(attempt)?.wrongKey !== undefined) return;
    this.#refund(attempt);
  }

  /** What another process must know after the attempt was told as failed, so that it asks here about whom a rule could refuse. */
  failuresOf({ pair, address, account }: BindAttempt): Failures {
    const nowMs = this.#now();
    return {
      pairs: [pair],
      spentAddresses: this.#spentAddress(address, nowMs),
      spentAccounts: this.#spentAccount(account, nowMs),
    };
  }

  /** The same of all that is on record: for a process that has only begun. */
  failures(): Failures {
    const nowMs = this.#now();
    return {
      pairs: [...this.#pairs].map(([pair]) => pair),
      spentAddresses: [...this.#addresses].flatMap(([address]) => this.#spentAddress(address, nowMs)),
      spentAccounts: [...this.#accounts].flatMap(([account]) => this.#spentAccount(account, nowMs)),
    };
  }

  #spentAddress(address: string, nowMs: number): [string, number][] {
    const forMs = waitMs(this.#address, this.#addresses.get(address)?.fullAtMs ?? 0, 1, nowMs);
    return forMs > 0 ? [[address, forMs]] : [];
  }

  #spentAccount(account: string, nowMs: number): [string, number][] {
    const forMs = waitMs(this.#account, this.#accounts.get(account) ?? 0, 1, nowMs);
    return forMs > 0 ? [[account, forMs]] : [];
  }

  /** Records held, for a metric. */
  get size(): {
    readonly accountsAtAddresses: number;
    readonly addresses: number;
    readonly accounts: number;
    readonly familiarAccounts: number;
  } {
    return {
      accountsAtAddresses: this.#pairs.size,
      addresses: this.#addresses.size,
      accounts: this.#accounts.size,
      familiarAccounts: this.#familiar.accounts,
    };
  }

  #checkRepetition(attempt: BindAttempt, nowMs: number): BackoffDecision {
    const address = this.#addresses.get(attempt.address) ?? { fullAtMs: 0, repetitionsFullAtMs: 0 };
    const retryAfterMs = waitMs(this.#repetition, address.repetitionsFullAtMs, 1, nowMs);
    if (retryAfterMs > 0) return { allowed: false, reason: "repetition", retryAfterMs };
    address.repetitionsFullAtMs = spendTries(this.#repetition, address.repetitionsFullAtMs, 1, nowMs);
    this.#addresses.set(attempt.address, address);
    return { allowed: true };
  }

  #knownTry(attempt: BindAttempt): Try | undefined {
    return this.#pairs.get(attempt.pair)?.tries.find((each) => isOf(each, attempt));
  }

  #spend(attempt: BindAttempt, cost: number, nowMs: number): Try {
    const pair = this.#pairs.get(attempt.pair) ?? { fullAtMs: 0, tries: [] };
    pair.fullAtMs = spendTries(this.#accountAtAddress, pair.fullAtMs, cost, nowMs);
    const spent: Try = { attempt, wrongKey: undefined, cost };
    pair.tries.push(spent);
    if (pair.tries.length > maxRememberedTries) forgetOldestWrong(pair.tries);
    this.#pairs.set(attempt.pair, pair);
    return spent;
  }

  #spendAddress(attempt: BindAttempt, nowMs: number): void {
    const address = this.#addresses.get(attempt.address) ?? { fullAtMs: 0, repetitionsFullAtMs: 0 };
    address.fullAtMs = spendTries(this.#address, address.fullAtMs, 1, nowMs);
    this.#addresses.set(attempt.address, address);
  }

  #refund(attempt: BindAttempt): void {
    const pair = this.#pairs.get(attempt.pair);
    const index = pair?.tries.findIndex((each) => isOf(each, attempt)) ?? -1;
    const [refunded] = index < 0 ? [] : pair!.tries.splice(index, 1);
    if (pair === undefined || refunded === undefined) return;
    // A password that was wrong once and is right now was a try all the same.
    if (refunded.wrongKey === undefined)
      pair.fullAtMs = refundTries(this.#accountAtAddress, pair.fullAtMs, refunded.cost);
    if (pair.tries.length === 0 && pair.fullAtMs <= this.#now()) this.#pairs.delete(attempt.pair);
  }
}

/** Those in flight stay: their cost may have to be given back. There are no more of them than rule 1 allows. */
function forgetOldestWrong(tries: Try[]): void {
  const oldest = tries.findIndex(({ wrongKey }) => wrongKey !== undefined);
  if (oldest >= 0) tries.splice(oldest, 1);
}

function isOf({ attempt, wrongKey }: Try, other: BindAttempt): boolean {
  return attempt === other || (attempt?.passwordKey ?? wrongKey) === other.passwordKey;
}

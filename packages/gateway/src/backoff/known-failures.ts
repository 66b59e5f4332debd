/**
 * What the process that holds the ledger has told another of wrong passwords: enough for that one to let a login begin without
 * asking, where no rule could refuse it.
 */
import type { BindAttempt } from "./attempt.ts";
import { maxRecords } from "./ledger.ts";
import { LruMap } from "./lru-map.ts";

/** As JSON, in which it passes between processes. Times are what is left, in milliseconds: each process has a clock of its own. */
export interface Failures {
  /** Accounts at addresses ({@link BindAttempt.pair}) that have sent a wrong password. */
  readonly pairs: readonly string[];
  /** Addresses without any tries left, and for how long. */
  readonly spentAddresses: readonly (readonly [address: string, forMs: number])[];
  /** Accounts that are under attack from many places, and for how long. */
  readonly spentAccounts: readonly (readonly [account: string, forMs: number])[];
}

export class KnownFailures {
  readonly #now: () => number;
  readonly #pairs: LruMap<true>;
  readonly #addressesSpentUntilMs: LruMap<number>;
  readonly #accountsSpentUntilMs: LruMap<number>;

  /** @param now milliseconds of a clock that is never set back */
  constructor(now: () => number) {
    this.#now = now;
    this.#pairs = new LruMap(maxRecords);
    this.#addressesSpentUntilMs = new LruMap(maxRecords);
    this.#accountsSpentUntilMs = new LruMap(maxRecords);
  }

  /** Whether anything is known for which a rule could refuse the attempt. */
  concern({ pair, address, account }: BindAttempt): boolean {
    if (this.#pairs.get(pair) !== undefined) return true;
    const addressUntilMs = this.#addressesSpentUntilMs.get(address);
    const accountUntilMs = this.#accountsSpentUntilMs.get(account);
    if (addressUntilMs === undefined && accountUntilMs === undefined) return false;
    return Math.max(addressUntilMs ?? 0, accountUntilMs ?? 0) > this.#now();
  }

  add({ pairs, spentAddresses, spentAccounts }: Failures): void {
    const nowMs = this.#now();
    for (const pair of pairs) this.#pairs.set(pair, true);
    for (const [address, forMs] of spentAddresses) this.#addressesSpentUntilMs.set(address, nowMs + forMs);
    for (const [account, forMs] of spentAccounts) this.#accountsSpentUntilMs.set(account, nowMs + forMs);
  }
}

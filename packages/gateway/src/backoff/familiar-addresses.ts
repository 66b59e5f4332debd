/** From which addresses an account has logged in. Only a login with the right password is ever remembered here. */
import { LruMap } from "./lru-map.ts";

/** Of one account; the one used longest ago goes first, and no account can take another's place. */
const maxAddressesPerAccount = 16;

/** A login this small a part of the time after the last one changes nothing worth writing down. */
const negligible = 0.001;

interface LastLogin {
  readonly address: string;
  readonly atMs: number;
}

export class FamiliarAddresses {
  readonly #forMs: number;
  /** Of each account, one for an address, the latest last: nearly all have one or two, and each is looked at in every bind. */
  readonly #accounts: LruMap<readonly LastLogin[]>;

  constructor(options: { readonly forMs: number; readonly maxAccounts: number }) {
    this.#forMs = options.forMs;
    this.#accounts = new LruMap(options.maxAccounts);
  }

  get accounts(): number {
    return this.#accounts.size;
  }

  has(account: string, address: string, nowMs: number): boolean {
    const last = this.#accounts.get(account)?.find((login) => login.address === address);
    return last !== undefined && nowMs - last.atMs <= this.#forMs;
  }

  /** Whether that changed anything worth telling. */
  remember(account: string, address: string, nowMs: number): boolean {
    const logins = this.#accounts.get(account) ?? [];
    const last = logins.find((login) => login.address === address);
    if (last !== undefined && nowMs - last.atMs < this.#forMs * negligible) return false;
    const others = logins.filter((login) => login !== last).slice(1 - maxAddressesPerAccount);
    this.#accounts.set(account, [...others, { address, atMs: nowMs }]);
    return true;
  }
}

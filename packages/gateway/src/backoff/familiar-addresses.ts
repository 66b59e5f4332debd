/** From which addresses an account has logged in. Only a login with the right password is ever remembered here. */
import { LruMap } from "./lru-map.ts";

/** Of one account; the one used longest ago goes first, and no account can take another's place. */
const maxAddressesPerAccount = 16;

/** A login this small a part of the time after the last one changes nothing worth writing down. */
const negligible = 0.001;

export class FamiliarAddresses {
  readonly #forMs: number;
  readonly #accounts: LruMap<LruMap<number>>;

  constructor(options: { readonly forMs: number; readonly maxAccounts: number }) {
    this.#forMs = options.forMs;
    this.#accounts = new LruMap(options.maxAccounts);
  }

  get accounts(): number {
    return this.#accounts.size;
  }

  has(account: string, address: string, nowMs: number): boolean {
    const lastMs = this.#accounts.get(account)?.get(address);
    return lastMs !== undefined && nowMs - lastMs <= this.#forMs;
  }

  remember(account: string, address: string, nowMs: number): void {
    const lastMs = this.#accounts.get(account)?.get(address);
    if (lastMs !== undefined && nowMs - lastMs < this.#forMs * negligible) return;
    const addresses = this.#accounts.get(account) ?? new LruMap<number>(maxAddressesPerAccount);
    addresses.set(address, nowMs);
    this.#accounts.set(account, addresses);
  }
}

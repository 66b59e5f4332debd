/** Connection limits over all processes on a port: this one's own count, and what the others were last said to have. */
import type { ConnectionAdmission } from "@espalier/ldap/server";
import { SharedCount } from "./shared-count.ts";

export interface SharedAdmissionOptions {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** How many processes serve on the port. */
  readonly processes: number;
  /** Tells the other processes how many connections this one has, from one address or, where it is undefined, in all. */
  readonly tell: (address: string | undefined, own: number) => void;
}

export class SharedAdmission implements ConnectionAdmission {
  readonly #options: SharedAdmissionOptions;
  readonly #total: SharedCount;
  readonly #byAddress = new Map<string, SharedCount>();

  constructor(options: SharedAdmissionOptions) {
    this.#options = options;
    this.#total = this.#count(undefined, options.maxConnections);
  }

  admit(address: string): boolean {
    if (this.#total.isFull || this.#byAddress.get(address)?.isFull === true) return false;
    this.#total.change(1);
    this.#fromAddress(address).change(1);
    return true;
  }

  release(address: string): void {
    this.#total.change(-1);
    this.#changeAt(address, (count) => count.change(-1));
  }

  /** Takes in what the other processes have, from one address or in all. */
  setOthers(address: string | undefined, others: number): void {
    if (address === undefined) this.#total.setOthers(others);
    else this.#changeAt(address, (count) => count.setOthers(others));
  }

  #changeAt(address: string, change: (count: SharedCount) => void): void {
    const count = this.#fromAddress(address);
    change(count);
    if (count.isZero) this.#byAddress.delete(address);
  }

  #fromAddress(address: string): SharedCount {
    const known = this.#byAddress.get(address);
    if (known !== undefined) return known;
    const count = this.#count(address, this.#options.maxConnectionsPerAddress);
    this.#byAddress.set(address, count);
    return count;
  }

  #count(address: string | undefined, limit: number): SharedCount {
    const { processes, tell } = this.#options;
    return new SharedCount({ limit, processes, tell: (own) => tell(address, own) });
  }
}

/** Connection limits over all processes on a port: this one's own count, and what the others were last said to have. */
import type { ConnectionAdmission } from "@espalier/ldap/server";

export interface SharedAdmissionOptions {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Tells the other processes. */
  readonly changed: (address: string, change: 1 | -1) => void;
}

/**
 * The others' counts arrive a moment late, so that a burst spread over all processes may pass the limit by what arrives
 * in that moment; it never stays above it.
 */
export class SharedAdmission implements ConnectionAdmission {
  readonly #options: SharedAdmissionOptions;
  readonly #own = new Map<string, number>();
  readonly #others = new Map<string, number>();
  #ownTotal = 0;
  #othersTotal = 0;

  constructor(options: SharedAdmissionOptions) {
    this.#options = options;
  }

  admit(address: string): boolean {
    const own = this.#own.get(address) ?? 0;
    const { maxConnections, maxConnectionsPerAddress } = this.#options;
    if (this.#ownTotal + this.#othersTotal >= maxConnections) return false;
    if (own + (this.#others.get(address) ?? 0) >= maxConnectionsPerAddress) return false;
    this.#ownTotal++;
    this.#own.set(address, own + 1);
    this.#options.changed(address, 1);
    return true;
  }

  release(address: string): void {
    this.#ownTotal--;
    const own = (this.#own.get(address) ?? 0) - 1;
    if (own > 0) this.#own.set(address, own);
    else this.#own.delete(address);
    this.#options.changed(address, -1);
  }

  /** Takes in what the other processes have: in all, and from one address. */
  setOthers(total: number, address: string, fromAddress: number): void {
    this.#othersTotal = total;
    if (fromAddress > 0) this.#others.set(address, fromAddress);
    else this.#others.delete(address);
  }
}

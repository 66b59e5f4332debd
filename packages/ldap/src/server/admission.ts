/** Which connections a server takes: the counts behind `maxConnections` and `maxConnectionsPerAddress`. */

/**
 * Asked once for each connection before a byte of it is read. Several processes that share a port can share one count by
 * implementing it over something they share. `address` is an IPv4 or IPv6 address in text, IPv4-mapped ones as IPv4.
 */
export interface ConnectionAdmission {
  /** Whether the connection may stay. `release` is called exactly once for each that may. */
  admit(address: string): boolean;
  release(address: string): void;
}

/** Counts the connections of this process. */
export class LocalAdmission implements ConnectionAdmission {
  readonly #maxConnections: number;
  readonly #maxConnectionsPerAddress: number;
  readonly #byAddress = new Map<string, number>();
  #connections = 0;

  constructor(limits: { readonly maxConnections: number; readonly maxConnectionsPerAddress: number }) {
    this.#maxConnections = limits.maxConnections;
    this.#maxConnectionsPerAddress = limits.maxConnectionsPerAddress;
  }

  admit(address: string): boolean {
    const ofAddress = this.#byAddress.get(address) ?? 0;
    if (this.#connections >= this.#maxConnections || ofAddress >= this.#maxConnectionsPerAddress) return false;
    this.#connections++;
    this.#byAddress.set(address, ofAddress + 1);
    return true;
  }

  release(address: string): void {
    this.#connections--;
    const ofAddress = (this.#byAddress.get(address) ?? 0) - 1;
    if (ofAddress > 0) this.#byAddress.set(address, ofAddress);
    else this.#byAddress.delete(address);
  }
}

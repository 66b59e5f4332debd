/** Which connections are taken: the counts behind `maxConnections` and `maxConnectionsPerAddress`. */
import type { ClientLimits } from "./client-limits.ts";

/**
 * In two steps, for the address of a client behind the PROXY protocol is not known when its connection is accepted: counted
 * by the balancer's, a thousand clients would be all that a balancer may bring.
 */
export class ConnectionCounts {
  readonly #limits: Pick<ClientLimits, "maxConnections" | "maxConnectionsPerAddress">;
  readonly #byAddress = new Map<string, number>();
  #connections = 0;

  constructor(limits: Pick<ClientLimits, "maxConnections" | "maxConnectionsPerAddress">) {
    this.#limits = limits;
  }

  /** Counts a connection unless there are too many. */
  admit(): boolean {
    if (this.#connections >= this.#limits.maxConnections) return false;
    this.#connections++;
    return true;
  }

  /** Counts one that was admitted for its address too, unless that has too many. */
  admitAddress(address: string): boolean {
    const count = this.#byAddress.get(address) ?? 0;
    if (count >= this.#limits.maxConnectionsPerAddress) return false;
    this.#byAddress.set(address, count + 1);
    return true;
  }

  /** One that was admitted is gone. `address`: what it was counted for, if it was. */
  release(address: string | undefined): void {
    this.#connections--;
    if (address === undefined) return;
    const count = (this.#byAddress.get(address) ?? 0) - 1;
    if (count > 0) this.#byAddress.set(address, count);
    else this.#byAddress.delete(address);
  }
}

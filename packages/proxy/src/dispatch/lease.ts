/** One upstream connection that one client has alone, given back when nobody holds it any more. */
import type { Backend } from "../backend/backend.ts";
import type { UpstreamConnection } from "../upstream/upstream-connection.ts";

/**
 * Made with one holder. The authorization of a client holds its leases, so does each operation that runs on one until it has
 * ended, and so does state that an operation left there.
 */
export class Lease {
  readonly backend: Backend;
  readonly connection: UpstreamConnection;
  #holders = 1;
  #isSpoilt = false;

  constructor(backend: Backend, connection: UpstreamConnection) {
    this.backend = backend;
    this.connection = connection;
  }

  /** Whether further operations can run on it. */
  get isOpen(): boolean {
    return this.#holders > 0 && this.connection.isOpen;
  }

  /** As `isOpen`, and nobody wants the connection to end: for what has no state on it yet. */
  get isUsable(): boolean {
    return this.isOpen && !this.connection.isRetiring;
  }

  /** @throws Error once it was given back: the connection may be somebody else's by then. */
  hold(): this {
    if (this.#holders === 0) throw new Error("The lease has been given back");
    this.#holders++;
    return this;
  }

  /** @throws Error for more releases than holds. */
  release(): void {
    if (this.#holders === 0) throw new Error("The lease has been given back");
    if (--this.#holders > 0) return;
    if (this.#isSpoilt) this.connection.retire();
    this.backend.connections.giveBack(this.connection);
  }

  /** What is left on the connection must not meet its next holder: it closes instead. */
  spoil(): void {
    this.#isSpoilt = true;
  }
}

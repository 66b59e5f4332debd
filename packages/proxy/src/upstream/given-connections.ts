/**
 * Shared connections that were given this turn of the event loop, at whose end everybody has sent who was given one. Until then
 * they are not taken for anything else.
 */
import type { UpstreamConnection } from "./upstream-connection.ts";

export class GivenConnections {
  readonly #onEnd: () => void;
  /** How often each was given to somebody who had waited, and may not have sent yet. */
  readonly #granted = new Map<UpstreamConnection, number>();
  #grantedCount = 0;

  /** @param onEnd called at the end of the turn */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  /** Of all connections. */
  get grantedCount(): number {
    return this.#grantedCount;
  }

  has(connection: UpstreamConnection): boolean {
    return this.#granted.has(connection);
  }

  grantedOn(connection: UpstreamConnection): number {
    return this.#granted.get(connection) ?? 0;
  }

  /** It is given to somebody who sends before anything else is done. */
  give(connection: UpstreamConnection): void {
    if (this.#granted.has(connection)) return;
    this.#granted.set(connection, 0);
    if (this.#granted.size === 1) setImmediate(() => this.#end());
  }

  /** It is given to somebody who has waited, and who hears of it later in the turn. */
  grant(connection: UpstreamConnection): void {
    this.give(connection);
    this.#granted.set(connection, this.grantedOn(connection) + 1);
    this.#grantedCount++;
  }

  #end(): void {
    this.#granted.clear();
    this.#grantedCount = 0;
    this.#onEnd();
  }
}

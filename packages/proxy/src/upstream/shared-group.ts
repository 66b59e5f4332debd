/** The connections that all who have one identity share, and those who wait for one of them. */
import type { BindRequest } from "@espalier/ldap";
import type { ConnectBackoff } from "./connect-backoff.ts";
import type { ConnectionIdentity } from "./connection-identity.ts";
import type { GivenConnections } from "./given-connections.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";
import type { UpstreamBindRefused } from "./upstream-error.ts";
import type { WaitingLine } from "./waiting-line.ts";

export class SharedGroup {
  readonly identity: ConnectionIdentity;
  readonly waiting: WaitingLine<UpstreamConnection>;
  /** A bind that is refused is not tried again at once: attempts count against the account. */
  readonly backoff: ConnectBackoff;
  refused: UpstreamBindRefused | undefined;
  readonly connections: UpstreamConnection[] = [];
  /** What gives a connection the identity. */
  bind: BindRequest;
  /** Connections that are being bound to join. */
  preparing = 0;
  /** One connection more would be of use. */
  isWanting = false;
  /** Asked for since the last `isIdle`, and since when it was not. */
  isUsed = true;
  #idleSinceMs = 0;
  readonly #given: GivenConnections;

  constructor(
    identity: ConnectionIdentity,
    bind: BindRequest,
    waiting: WaitingLine<UpstreamConnection>,
    backoff: ConnectBackoff,
    given: GivenConnections,
  ) {
    this.identity = identity;
    this.bind = bind;
    this.waiting = waiting;
    this.backoff = backoff;
    this.#given = given;
  }

  /** Connections that take requests, now or as soon as others were answered. */
  get usableCount(): number {
    let count = 0;
    for (const connection of this.connections) if (isUsable(connection)) count++;
    return count;
  }

  isEmpty(nowMs: number): boolean {
    const isUnused = this.connections.length === 0 && this.preparing === 0 && this.waiting.size === 0;
    return isUnused && this.backoff.remainingMs(nowMs) === 0;
  }

  /** Whether nobody has asked for a connection for `durationMs`. To be asked now and then. */
  isIdle(nowMs: number, durationMs: number): boolean {
    if (this.isUsed || this.connections.some(({ outstandingCount }) => outstandingCount > 0)) this.#idleSinceMs = nowMs;
    this.isUsed = false;
    return nowMs - this.#idleSinceMs >= durationMs;
  }

  /** The one with the fewest outstanding requests; `undefined` while all have `maxOutstanding`. */
  leastBusy(maxOutstanding: number): UpstreamConnection | undefined {
    let best: UpstreamConnection | undefined;
    let least = maxOutstanding;
    for (const connection of this.connections) {
      const count = connection.outstandingCount + this.#given.grantedOn(connection);
      if (count >= least || !isUsable(connection) || connection.isCongested) continue;
      best = connection;
      least = count;
    }
    return best;
  }

  /** One that nobody's request is on, or will be, to be used for something else. */
  idle(): UpstreamConnection | undefined {
    return this.connections.find(
      (connection) => isUsable(connection) && connection.outstandingCount === 0 && !this.#given.has(connection),
    );
  }

  remove(connection: UpstreamConnection): void {
    const at = this.connections.indexOf(connection);
    if (at >= 0) this.connections.splice(at, 1);
  }
}

function isUsable(connection: UpstreamConnection): boolean {
  return !connection.isRetiring && !connection.isLane && connection.isOpen;
}

/** As whom a client's operations run, and on which connections: its authorization state. RFC 4513 §4. */
import type { Backend } from "../../backend/backend.ts";
import type { AffinityKey } from "../../routing/router.ts";
import type { ConnectionIdentity } from "../../upstream/connection-identity.ts";
import type { UpstreamConnection } from "../../upstream/upstream-connection.ts";
import type { Lease } from "../lease.ts";

/** What an operation is sent on: a connection that many share, or a lease that is already held for the operation. */
export type Carrier = UpstreamConnection | Lease;

/**
 * Made by a bind, ended by the next one. An operation takes its client's when it arrives and keeps it, so whatever it has to
 * wait for, it runs as who asked for it or not at all.
 *
 * `carrier` and `lease` throw, or reject, with `UpstreamUnavailable`, `UpstreamBusy`, `UpstreamBindRefused` where the proxy's own
 * account was refused, and `AuthorizationLost`.
 */
export interface ClientAuthorization {
  /** As the client was bound; "" is anonymous. For the log and the firewall's rules. */
  readonly name: string;
  readonly isAuthenticated: boolean;
  readonly affinity: AffinityKey;
  /** The authzId that Who am I? gets (RFC 4532), where the proxy has to say it; `undefined` where the connection's own answer is right. */
  readonly authzId: string | undefined;
  /** Whether the client's own proxied authorization control may go along: not where the connection is bound as the proxy's account. */
  readonly passesProxiedAuthorization: boolean;
  /** What a connection that others share must be bound as. */
  readonly sharedIdentity: ConnectionIdentity;
  /** One encoded Control to go with each request. */
  readonly addedControl: Uint8Array | undefined;
  /** The backend that reads should go to as long as it takes new work: the client has a connection of its own there. */
  readonly home: Backend | undefined;
  /** It cannot be taken to another backend than `home`. */
  readonly isTied: boolean;
  /** For one operation that leaves nothing behind on its connection. */
  carrier(backend: Backend, isRead: boolean, deadlineMs: number): Carrier | Promise<Carrier>;
  /** For state, or for a lane: nobody else is on it until it is released. */
  lease(backend: Backend, isRead: boolean, deadlineMs: number): Lease | Promise<Lease>;
  /** The client has bound anew, or is gone: gives back what it has. Operations that still run keep theirs until they end. */
  end(): void;
}

/** What the dispatcher is made of and how it is set (CONTRACT): `service.ts` builds it from the configuration. */
import type { PartialAttribute } from "@espalier/ldap";
import type { EventSink } from "@espalier/service";
import type { ClientTransport } from "../client/client-transport.ts";
import type { Firewall } from "../firewall/firewall.ts";
import type { ProxyObserver } from "../observe/proxy-observer.ts";
import type { Router } from "../routing/router.ts";

export interface DispatchOptions {
  readonly router: Router;
  readonly identity: IdentityOptions;
  readonly limits: DispatchLimits;
  readonly firewall: Firewall;
  readonly observer: ProxyObserver;
  readonly events: EventSink;
  /**
   * The attributes of the root DSE for this client, as `mergeRootDse` makes them; `undefined` while no backend's is known, and
   * the client is then told `unavailable`.
   */
  readonly rootDse: (client: ClientTransport) => readonly PartialAttribute[] | undefined;
}

/** How a client's operations get its identity at the backends. RFC 4513 §4; RFC 4370. */
export type IdentityOptions =
  /**
   * A client that binds has connections of its own. `replayBinds`: its credentials are kept while it is bound, to bind again
   * elsewhere. `sharesAnonymous`: clients that have not bound share connections, which they cannot where a PROXY header names them.
   */
  | { readonly mode: "session"; readonly replayBinds: boolean; readonly sharesAnonymous: boolean }
  /** Shared connections bound as the account, each operation with the client's authzId. */
  | { readonly mode: "proxyauthz"; readonly account: ServiceAccount }
  /** Connections shared by those who bound with the same name and password. */
  | { readonly mode: "identity" };

/** The proxy's own account at the backends, which may use proxied authorization. */
export interface ServiceAccount {
  readonly dn: string;
  readonly password: Uint8Array;
}

export interface DispatchLimits {
  /** Operations of one client under way; what comes after them stays unread in its socket. Persistent searches are counted apart. */
  readonly maxPendingPerClient: number;
  /** How long an operation waits for a place at a backend before it is answered with `busy`. */
  readonly queueTimeoutMs: number;
  /** An answer longer than this makes its shared connection a lane of its own, which may be paused for a slow reader. */
  readonly laneBytes: number;
  /** A connection that is leased for state (a paged search, a view) which nobody goes on with is given back after this. */
  readonly stateIdleMs: number;
}

export const defaultDispatchLimits: DispatchLimits = Object.freeze({
  maxPendingPerClient: 100,
  queueTimeoutMs: 2_000,
  laneBytes: 256 * 1024,
  stateIdleMs: 5 * 60_000,
});

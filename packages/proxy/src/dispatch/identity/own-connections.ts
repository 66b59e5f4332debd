/** Connections of a client's own, bound as it on each backend that it uses. */
import type { BindRequest } from "@espalier/ldap";
import type { Backend } from "../../backend/backend.ts";
import type { AffinityKey } from "../../routing/router.ts";
import type { ProxySource } from "../../upstream/backend-connections.ts";
import type { ConnectionIdentity } from "../../upstream/connection-identity.ts";
import type { UpstreamLost } from "../../upstream/response-receiver.ts";
import { UpstreamUnavailable } from "../../upstream/upstream-error.ts";
import type { Lease } from "../lease.ts";
import { AuthorizationLost, refusedToLost } from "./authorization-lost.ts";
import type { ClientAuthorization } from "./client-authorization.ts";
import { preparedLease } from "./prepared-lease.ts";

export interface OwnConnectionsOptions {
  readonly name: string;
  readonly isAuthenticated: boolean;
  readonly affinity: AffinityKey;
  readonly source: ProxySource;
  /** What a further connection is bound with; `undefined` where the bind cannot be repeated (SASL, or not wanted). */
  readonly replay: ReplayedBind | undefined;
}

/** A bind, and the identity of a connection on which it has succeeded. `Credentials` are one. */
export interface ReplayedBind {
  readonly identity: ConnectionIdentity;
  readonly request: BindRequest;
}

export class OwnConnections implements ClientAuthorization {
  readonly name: string;
  readonly isAuthenticated: boolean;
  readonly affinity: AffinityKey;
  readonly authzId = undefined;
  readonly passesProxiedAuthorization = true;
  readonly addedControl = undefined;
  /** Nothing of it runs on a connection that others share. */
  readonly sharedIdentity = { kind: "unknown" } as const;
  readonly isTied: boolean;
  readonly #options: OwnConnectionsOptions;
  readonly #leases = new Map<Backend, Lease>();
  readonly #coming = new Map<Backend, Promise<Lease>>();
  #home: Lease | undefined;
  #isEnded = false;

  /** `bound`: the lease on which the client's bind has just succeeded, from now on this authorization's. */
  constructor(options: OwnConnectionsOptions, bound: Lease | undefined) {
    this.#options = options;
    this.name = options.name;
    this.isAuthenticated = options.isAuthenticated;
    this.affinity = options.affinity;
    this.isTied = options.replay === undefined;
    if (bound === undefined) return;
    this.#home = this.#own(bound);
    this.#spare(bound);
  }

  get home(): Backend | undefined {
    const home = this.#home;
    if (home === undefined) return undefined;
    if (this.isTied) return home.backend;
    return home.isUsable && home.backend.state.acceptsNew ? home.backend : undefined;
  }

  carrier(backend: Backend, isRead: boolean, deadlineMs: number): Lease | Promise<Lease> {
    if (this.#isEnded) throw new AuthorizationLost("The client has bound anew");
    const own = this.#leases.get(backend);
    if (own !== undefined && (this.isTied ? own.isOpen : own.isUsable)) return own.hold();
    if (this.#options.replay === undefined) throw new AuthorizationLost(`The connection to ${backend.name} is lost`);
    if (own !== undefined) this.#drop(own);
    const coming = this.#coming.get(backend);
    if (coming !== undefined) return coming.then((lease) => this.#held(lease, isRead));
    const lease = this.#open(backend, this.#options.replay, deadlineMs);
    if (!(lease instanceof Promise)) return this.#held(this.#keep(lease), isRead);
    const kept = lease.then((lease) => this.#keep(lease), refusedToLost);
    this.#coming.set(backend, kept);
    const arrived = (): void => void this.#coming.delete(backend);
    kept.then(arrived, arrived);
    return kept.then((lease) => this.#held(lease, isRead));
  }

  lease(backend: Backend, isRead: boolean, deadlineMs: number): Lease | Promise<Lease> {
    return this.carrier(backend, isRead, deadlineMs);
  }

  end(): void {
    this.#isEnded = true;
    for (const lease of this.#leases.values()) this.#drop(lease);
  }

  #open(backend: Backend, { identity, request }: ReplayedBind, deadlineMs: number): Lease | Promise<Lease> {
    const { affinity, source } = this.#options;
    return preparedLease({ backend, identity, request, client: affinity.client, deadlineMs, source });
  }

  /** @throws AuthorizationLost when it comes too late. */
  #keep(lease: Lease): Lease {
    if (this.#isEnded) {
      lease.release();
      throw new AuthorizationLost("The client has bound anew");
    }
    return this.#own(lease);
  }

  #own(lease: Lease): Lease {
    this.#leases.set(lease.backend, lease);
    lease.connection.onRetire = () => this.#spare(lease);
    return lease;
  }

  /** A drain does not wait for a client that does nothing and can be bound elsewhere; what is under way holds the lease too. */
  #spare(lease: Lease): void {
    if (!this.isTied && lease.connection.isRetiring) this.#drop(lease);
  }

  #held(lease: Lease, isRead: boolean): Lease {
    if (this.#isEnded) throw new AuthorizationLost("The client has bound anew");
    if (!lease.isOpen) {
      this.#drop(lease);
      throw new UpstreamUnavailable(lease.connection.lost ?? closedByUs);
    }
    if (isRead && this.home === undefined) {
      const former = this.#home;
      this.#home = lease;
      if (former !== undefined && former !== lease) this.#drop(former);
    }
    lease.hold();
    this.#spare(lease);
    return lease;
  }

  #drop(lease: Lease): void {
    if (this.#leases.get(lease.backend) === lease) {
      this.#leases.delete(lease.backend);
      lease.release();
    }
    if (this.#home === lease) this.#home = undefined;
  }
}

const closedByUs: UpstreamLost = { code: "ERR_UPSTREAM_RETIRED", message: "The connection was given back" };

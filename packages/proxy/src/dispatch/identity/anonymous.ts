/** Clients that have not bound: their operations run on anonymous connections that they share. RFC 4513 §4. */
import type { Backend } from "../../backend/backend.ts";
import type { AffinityKey } from "../../routing/router.ts";
import type { ProxySource } from "../../upstream/backend-connections.ts";
import type { UpstreamConnection } from "../../upstream/upstream-connection.ts";
import type { Lease } from "../lease.ts";
import type { ClientAuthorization } from "./client-authorization.ts";
import { anonymousBind, preparedLease } from "./prepared-lease.ts";

const identity = { kind: "anonymous" } as const;

export class Anonymous implements ClientAuthorization {
  readonly name = "";
  readonly isAuthenticated = false;
  readonly affinity: AffinityKey;
  readonly authzId = "";
  readonly passesProxiedAuthorization = true;
  readonly addedControl = undefined;
  readonly home = undefined;
  readonly sharedIdentity = identity;
  readonly isTied = false;
  readonly #source: ProxySource;

  constructor(client: object, source: ProxySource) {
    this.affinity = { client };
    this.#source = source;
  }

  carrier(backend: Backend, _isRead: boolean, deadlineMs: number): UpstreamConnection | Promise<UpstreamConnection> {
    return backend.connections.shared(identity, this.affinity.client, deadlineMs);
  }

  lease(backend: Backend, _isRead: boolean, deadlineMs: number): Lease | Promise<Lease> {
    const { client } = this.affinity;
    return preparedLease({ backend, identity, request: anonymousBind, client, deadlineMs, source: this.#source });
  }

  end(): void {}
}

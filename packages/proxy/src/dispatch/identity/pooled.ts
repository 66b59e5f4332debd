/** A client whose operations run on connections that are bound as it, shared with others who bound just as it did. */
import type { Backend } from "../../backend/backend.ts";
import type { AffinityKey } from "../../routing/router.ts";
import type { ProxySource } from "../../upstream/backend-connections.ts";
import type { ConnectionIdentity } from "../../upstream/connection-identity.ts";
import type { UpstreamConnection } from "../../upstream/upstream-connection.ts";
import type { Credentials } from "../credentials.ts";
import type { Lease } from "../lease.ts";
import { refusedToLost } from "./authorization-lost.ts";
import type { ClientAuthorization } from "./client-authorization.ts";
import { preparedLease } from "./prepared-lease.ts";

export interface PooledOptions {
  readonly credentials: Credentials;
  readonly affinity: AffinityKey;
  readonly source: ProxySource;
}

export class Pooled implements ClientAuthorization {
  readonly name: string;
  readonly isAuthenticated = true;
  readonly affinity: AffinityKey;
  readonly authzId = undefined;
  readonly passesProxiedAuthorization = true;
  readonly addedControl = undefined;
  readonly home = undefined;
  readonly sharedIdentity: ConnectionIdentity;
  readonly isTied = false;
  readonly #options: PooledOptions;

  constructor(options: PooledOptions) {
    this.#options = options;
    this.name = options.credentials.name;
    this.affinity = options.affinity;
    this.sharedIdentity = options.credentials.identity;
  }

  carrier(backend: Backend, _isRead: boolean, deadlineMs: number): UpstreamConnection | Promise<UpstreamConnection> {
    const { credentials, affinity } = this.#options;
    const identity = { kind: "user", key: credentials.key, credentials } as const;
    const connection = backend.connections.shared(identity, affinity.client, deadlineMs);
    return connection instanceof Promise ? connection.catch(refusedToLost) : connection;
  }

  lease(backend: Backend, _isRead: boolean, deadlineMs: number): Lease | Promise<Lease> {
    const { credentials, affinity, source } = this.#options;
    const { identity } = credentials;
    const lease = preparedLease({
      ...{ backend, identity, request: credentials.request },
      ...{ client: affinity.client, deadlineMs, source },
    });
    return lease instanceof Promise ? lease.catch(refusedToLost) : lease;
  }

  end(): void {}
}

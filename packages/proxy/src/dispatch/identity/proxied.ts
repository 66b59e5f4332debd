/** A client whose operations run on the connections of the proxy's own account, each with the client's authzId. RFC 4370. */
import { proxiedAuthorizationControl } from "@espalier/ldap";
import type { Backend } from "../../backend/backend.ts";
import { encodeControl } from "../../frame/controls.ts";
import type { AffinityKey } from "../../routing/router.ts";
import type { ProxySource } from "../../upstream/backend-connections.ts";
import type { UpstreamConnection } from "../../upstream/upstream-connection.ts";
import type { ServiceAccount } from "../dispatch-options.ts";
import type { Lease } from "../lease.ts";
import type { ClientAuthorization } from "./client-authorization.ts";
import { preparedLease } from "./prepared-lease.ts";

const identity = { kind: "service" } as const;

export interface ProxiedOptions {
  readonly name: string;
  /** `dn:…` or `u:…`, never empty: RFC 4513 §5.2.1.8. */
  readonly authzId: string;
  readonly affinity: AffinityKey;
  readonly source: ProxySource;
  readonly account: ServiceAccount;
}

export class Proxied implements ClientAuthorization {
  readonly name: string;
  readonly isAuthenticated = true;
  readonly affinity: AffinityKey;
  readonly authzId: string;
  readonly passesProxiedAuthorization = false;
  readonly addedControl: Uint8Array;
  readonly home = undefined;
  readonly sharedIdentity = identity;
  readonly isTied = false;
  readonly #options: ProxiedOptions;

  constructor(options: ProxiedOptions) {
    // An empty authzId would be anonymous, and one that is no authzId whatever the backend makes of it.
    if (!/^(?:dn|u):./s.test(options.authzId)) throw new RangeError("An authorization identity is dn:… or u:…");
    this.#options = options;
    this.name = options.name;
    this.affinity = options.affinity;
    this.authzId = options.authzId;
    this.addedControl = encodeControl(proxiedAuthorizationControl(options.authzId));
  }

  carrier(backend: Backend, _isRead: boolean, deadlineMs: number): UpstreamConnection | Promise<UpstreamConnection> {
    return backend.connections.shared(identity, this.affinity.client, deadlineMs);
  }

  lease(backend: Backend, _isRead: boolean, deadlineMs: number): Lease | Promise<Lease> {
    const { account, source } = this.#options;
    const authentication = { type: "simple", password: account.password } as const;
    const request = { type: "bindRequest", version: 3, name: account.dn, authentication } as const;
    return preparedLease({ backend, identity, request, client: this.affinity.client, deadlineMs, source });
  }

  end(): void {}
}

/** Mode `session`: a client that binds has upstream connections of its own, and its binds go through on them. */
import type { Backend } from "../../backend/backend.ts";
import type { ProxySource } from "../../upstream/backend-connections.ts";
import type { UpstreamConnection } from "../../upstream/upstream-connection.ts";
import type { Credentials } from "../credentials.ts";
import type { IdentityOptions } from "../dispatch-options.ts";
import { Anonymous } from "./anonymous.ts";
import type { ClientAuthorization } from "./client-authorization.ts";
import type { AcceptedBind, IdentityMode } from "./identity-mode.ts";
import { OwnConnections } from "./own-connections.ts";
import { anonymousBind } from "./prepared-lease.ts";

const anonymousReplay = { identity: { kind: "anonymous" }, request: anonymousBind } as const;

export class SessionMode implements IdentityMode {
  readonly bindControl = undefined;
  readonly #options: IdentityOptions & { readonly mode: "session" };

  constructor(options: IdentityOptions & { readonly mode: "session" }) {
    this.#options = options;
  }

  anonymous(client: object, source: ProxySource): ClientAuthorization {
    if (this.#options.sharesAnonymous) return new Anonymous(client, source);
    const affinity = { client };
    return new OwnConnections(
      { name: "", isAuthenticated: false, affinity, source, replay: anonymousReplay },
      undefined,
    );
  }

  /** Whose it was does not matter: the bind that follows puts the client's identity in its place. */
  bindConnection(
    backend: Backend,
    client: object,
    deadlineMs: number,
    source: ProxySource,
  ): UpstreamConnection | Promise<UpstreamConnection> {
    return backend.connections.lease({ kind: "unknown" }, client, deadlineMs, source);
  }

  accepted(bind: AcceptedBind): ClientAuthorization {
    const { lease, credentials } = bind;
    if (credentials === undefined) return tied(bind);
    return this.#options.replayBinds ? ownConnections(bind, credentials, lease) : tied(bind);
  }

  /** A connection of the proxy's would be bound by the proxy's certificate, not by the client's. */
  external(): undefined {
    return undefined;
  }
}

/** Bound by what cannot be, or shall not be, repeated: on this one connection and no other. */
export function tied({ name, normalizedDn, client, source, lease }: AcceptedBind): ClientAuthorization {
  const affinity = { bindDn: normalizedDn, client };
  return new OwnConnections({ name, isAuthenticated: true, affinity, source, replay: undefined }, lease);
}

export function ownConnections(
  { name, normalizedDn, client, source }: AcceptedBind,
  credentials: Credentials,
  lease: AcceptedBind["lease"] | undefined,
): ClientAuthorization {
  const affinity = { bindDn: normalizedDn, client };
  return new OwnConnections({ name, isAuthenticated: true, affinity, source, replay: credentials }, lease);
}

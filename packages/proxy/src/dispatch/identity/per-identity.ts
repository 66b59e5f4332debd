/** Mode `identity`: connections shared by clients with the same name and password, where RFC 4370 is not offered. */
import type { Backend } from "../../backend/backend.ts";
import type { ProxySource } from "../../upstream/backend-connections.ts";
import type { UpstreamConnection } from "../../upstream/upstream-connection.ts";
import { Anonymous } from "./anonymous.ts";
import type { ClientAuthorization } from "./client-authorization.ts";
import type { AcceptedBind, IdentityMode } from "./identity-mode.ts";
import { Pooled } from "./pooled.ts";
import { tied } from "./session.ts";

export class PerIdentityMode implements IdentityMode {
  readonly bindControl = undefined;

  anonymous(client: object, source: ProxySource): ClientAuthorization {
    return new Anonymous(client, source);
  }

  bindConnection(
    backend: Backend,
    client: object,
    deadlineMs: number,
  ): UpstreamConnection | Promise<UpstreamConnection> {
    return backend.connections.bindConnection(client, deadlineMs);
  }

  accepted(bind: AcceptedBind): ClientAuthorization {
    const { credentials, normalizedDn, client, source, lease } = bind;
    if (credentials === undefined) return tied(bind);
    lease.release();
    return new Pooled({ credentials, affinity: { bindDn: normalizedDn, client }, source });
  }

  /** Its pools are bound with passwords, and there is none. */
  external(): undefined {
    return undefined;
  }
}

/** Mode `proxyauthz`: shared connections bound as the proxy's account, each operation with the client's authzId. RFC 4370. */
import {
  builtInSchema,
  decodeWhoAmIResponse,
  dnKey,
  passwordPolicyControl,
  ResultCode,
  whoAmIRequest,
} from "@espalier/ldap";
import type { Backend } from "../../backend/backend.ts";
import { encodeControl } from "../../frame/controls.ts";
import type { ProxySource } from "../../upstream/backend-connections.ts";
import type { UpstreamConnection } from "../../upstream/upstream-connection.ts";
import type { ServiceAccount } from "../dispatch-options.ts";
import type { Lease } from "../lease.ts";
import { Anonymous } from "./anonymous.ts";
import type { ClientAuthorization } from "./client-authorization.ts";
import type { AcceptedBind, IdentityMode } from "./identity-mode.ts";
import { Proxied } from "./proxied.ts";
import { ownConnections } from "./session.ts";

export class ProxiedAuthorizationMode implements IdentityMode {
  /** Without it a backend does not say that the password must be changed first, which binds its connection and not ours. */
  readonly bindControl = encodeControl(passwordPolicyControl());
  readonly #account: ServiceAccount;

  constructor(account: ServiceAccount) {
    this.#account = account;
  }

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

  accepted(bind: AcceptedBind): ClientAuthorization | Promise<ClientAuthorization | undefined> {
    const { credentials, mustChange, name, normalizedDn, lease } = bind;
    if (credentials !== undefined && mustChange) {
      lease.release();
      // The restriction is on connections that are bound as this user: so are all that it gets.
      return ownConnections(bind, credentials, undefined);
    }
    // A name that is no DN (a userPrincipalName, SASL) says nothing about who was bound: the backend does.
    if (credentials === undefined || normalizedDn === undefined) return this.#learned(bind);
    lease.release();
    return this.#proxied(bind, name, `dn:${name}`);
  }

  external(subject: string, client: object, source: ProxySource): ClientAuthorization {
    const affinity = { bindDn: dnKey(subject, builtInSchema), client };
    return new Proxied({ name: subject, authzId: `dn:${subject}`, affinity, source, account: this.#account });
  }

  async #learned(bind: AcceptedBind): Promise<ClientAuthorization | undefined> {
    const authzId = await whoIsBound(bind.lease).finally(() => bind.lease.release());
    if (authzId === undefined || !/^(?:dn|u):./s.test(authzId)) return undefined;
    return this.#proxied(bind, authzId.startsWith("dn:") ? authzId.slice("dn:".length) : authzId, authzId);
  }

  #proxied({ client, source }: AcceptedBind, name: string, authzId: string): Proxied {
    const affinity = { bindDn: dnKey(name, builtInSchema) ?? name.toLowerCase(), client };
    return new Proxied({ name, authzId, affinity, source, account: this.#account });
  }
}

/** Who am I?, RFC 4532, on the connection of the bind. */
async function whoIsBound({ connection }: Lease): Promise<string | undefined> {
  const { result } = await connection.request(whoAmIRequest);
  if (result.type !== "extendedResponse" || result.resultCode !== ResultCode.success) return undefined;
  return decodeWhoAmIResponse(result);
}

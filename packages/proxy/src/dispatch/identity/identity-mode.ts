/** How binds are verified and what an accepted one leads to: the one difference between the three modes. */
import type { Backend } from "../../backend/backend.ts";
import type { ProxySource } from "../../upstream/backend-connections.ts";
import type { UpstreamConnection } from "../../upstream/upstream-connection.ts";
import type { Credentials } from "../credentials.ts";
import type { IdentityOptions } from "../dispatch-options.ts";
import type { Lease } from "../lease.ts";
import type { ClientAuthorization } from "./client-authorization.ts";
import { PerIdentityMode } from "./per-identity.ts";
import { ProxiedAuthorizationMode } from "./proxied-authorization.ts";
import { SessionMode } from "./session.ts";

/** A bind that a backend has answered with success. */
export interface AcceptedBind {
  /** As the client sent it; "" for most SASL mechanisms. */
  readonly name: string;
  /** The normalized DN of `name`; `undefined` where it is none. */
  readonly normalizedDn: string | undefined;
  /** `undefined` for SASL: it cannot be repeated. */
  readonly credentials: Credentials | undefined;
  /** Whether the password has to be changed before anything else is allowed. */
  readonly mustChange: boolean;
  /** The connection it succeeded on: the mode's from here on, to keep or to release. */
  readonly lease: Lease;
  readonly client: object;
  readonly source: ProxySource;
}

export interface IdentityMode {
  anonymous(client: object, source: ProxySource): ClientAuthorization;
  /** For a simple bind, which is alone on its connection. */
  bindConnection(
    backend: Backend,
    client: object,
    deadlineMs: number,
    source: ProxySource,
  ): UpstreamConnection | Promise<UpstreamConnection>;
  /** One encoded Control to go with a simple bind; the answer to it is kept from a client that did not send it itself. */
  readonly bindControl: Uint8Array | undefined;
  /** `undefined` when the backend does not say who was bound: the bind has then failed. */
  accepted(bind: AcceptedBind): ClientAuthorization | Promise<ClientAuthorization | undefined>;
  /** SASL EXTERNAL with the subject of a client certificate; `undefined` where the mode has no way to be somebody without a password. */
  external(subject: string, client: object, source: ProxySource): ClientAuthorization | undefined;
}

export function identityMode(options: IdentityOptions): IdentityMode {
  switch (options.mode) {
    case "session":
      return new SessionMode(options);
    case "proxyauthz":
      return new ProxiedAuthorizationMode(options.account);
    case "identity":
      return new PerIdentityMode();
  }
}

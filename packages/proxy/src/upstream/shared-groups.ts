/** The groups of shared connections of a backend: anonymous, the proxy's account, and one for each client's identity in use. */
import type { BindRequest } from "@espalier/ldap";
import type { ConnectionIdentity } from "./connection-identity.ts";
import type { SharedGroup } from "./shared-group.ts";

/** What is bound for a shared connection of a client's own identity: `Credentials` of dispatch/ is one. */
export interface BindCredentials {
  readonly name: string;
  readonly request: BindRequest;
}

export type SharedIdentity =
  | { readonly kind: "anonymous" }
  | { readonly kind: "service" }
  | { readonly kind: "user"; readonly key: string; readonly credentials: BindCredentials };

export interface ServiceAccount {
  readonly dn: string;
  readonly password: Uint8Array;
}

export class SharedGroups {
  readonly #newGroup: (identity: ConnectionIdentity, bind: BindRequest) => SharedGroup;
  readonly #anonymous: SharedGroup;
  readonly #service: SharedGroup | undefined;
  /** By the key of the identity. */
  readonly #users = new Map<string, SharedGroup>();

  constructor(
    service: ServiceAccount | undefined,
    newGroup: (identity: ConnectionIdentity, bind: BindRequest) => SharedGroup,
  ) {
    this.#newGroup = newGroup;
    this.#anonymous = newGroup({ kind: "anonymous" }, simpleBind("", new Uint8Array(0)));
    if (service !== undefined) {
      this.#service = newGroup({ kind: "service" }, simpleBind(service.dn, service.password));
    }
  }

  /** @throws {Error} for the proxy's account where none is configured. */
  of(identity: SharedIdentity): SharedGroup {
    if (identity.kind === "anonymous") return this.#anonymous;
    if (identity.kind === "service") {
      if (this.#service === undefined) throw new Error("The proxy has no account of its own");
      return this.#service;
    }
    let group = this.#users.get(identity.key);
    if (group === undefined) {
      group = this.#newGroup({ kind: "user", key: identity.key }, identity.credentials.request);
      this.#users.set(identity.key, group);
    }
    return group;
  }

  /** Those of clients first. */
  *[Symbol.iterator](): Iterator<SharedGroup> {
    yield* this.#users.values();
    if (this.#service !== undefined) yield this.#service;
    yield this.#anonymous;
  }

  /** Ends the connections of clients' identities that nobody has used for `idleMs`, and forgets what is not in use any more. */
  tidy(nowMs: number, idleMs: number): void {
    for (const [key, group] of this.#users) {
      if (group.isIdle(nowMs, idleMs)) for (const connection of [...group.connections]) connection.retire();
      if (group.isEmpty(nowMs)) this.#users.delete(key);
    }
  }
}

function simpleBind(name: string, password: Uint8Array): BindRequest {
  return { type: "bindRequest", version: 3, name, authentication: { type: "simple", password } };
}

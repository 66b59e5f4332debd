/** A session as one request finds it: who it is, to what it is connected, and what it may do there. */

import { ApiError } from "../api/problem.ts";
import type { Cluster } from "../clusters/cluster.ts";
import type { Identity } from "../clusters/identity.ts";
import { type Grant, grantsOf, isAllowed, isAllowedSomewhere, isChange, rolesThatMay } from "./grants.ts";
import { delegatedIdentity, passwordIdentity, proxiedIdentity, serviceIdentity } from "./identities.ts";
import type { PasswordNotes } from "./password-notes.ts";
import type { ActsAs, SessionRow } from "./rows.ts";
import type { Action, Role, Session } from "./session.ts";
import type { SealingKey } from "./vault.ts";

/** What only the holder of the token has. */
export interface SessionKeys {
  /** Encrypts the passwords of this session. */
  readonly secrets: () => SealingKey;
  readonly csrfToken: string;
}

export interface Connection {
  readonly cluster: Cluster;
  readonly dn: string;
  readonly actsAs: ActsAs;
  readonly generation: string;
  readonly secret: Uint8Array | undefined;
  readonly passwordNotes: PasswordNotes | undefined;
  readonly memberOf: readonly string[];
  /** Which groups were asked for, and when. */
  readonly askedGroups: string;
  readonly memberOfReadAt: number;
  /** The password of the shared account, while it is kept. */
  readonly shared: { readonly generation: string; readonly password: string; readonly expiresAt: number } | undefined;
}

/** Why a session can do nothing but see to its second factor. */
export type Restriction = "second factor wanted" | "second factor to be enrolled";

export interface OpenSessionOptions {
  readonly row: SessionRow;
  readonly connections: readonly Connection[];
  readonly keys: SessionKeys;
  /** Roles that need a second factor. */
  readonly totpRequired: readonly Role[];
}

export class OpenSession implements Session {
  readonly row: SessionRow;
  readonly keys: SessionKeys;
  readonly restriction: Restriction | undefined;
  readonly #connections: ReadonlyMap<string, Connection>;
  readonly #grants: ReadonlyMap<string, readonly Grant[]>;
  readonly #identities = new Map<string, Identity>();

  constructor({ row, connections, keys, totpRequired }: OpenSessionOptions) {
    this.row = row;
    this.keys = keys;
    this.#connections = new Map(connections.map((connection) => [connection.cluster.name, connection]));
    this.#grants = new Map(
      connections.map(({ cluster, dn, memberOf }) => [cluster.name, grantsOf(cluster.config, dn, memberOf)]),
    );
    const needsFactor = [...this.#grants.values()].flat().some(({ role }) => totpRequired.includes(role));
    this.restriction =
      row.factor === "wanted"
        ? "second factor wanted"
        : needsFactor && row.factor === "none"
          ? "second factor to be enrolled"
          : undefined;
  }

  get id(): string {
    return this.row.id;
  }

  get name(): string {
    return this.row.dn;
  }

  get clusters(): readonly string[] {
    return [...this.#connections.keys()];
  }

  get connections(): readonly Connection[] {
    return [...this.#connections.values()];
  }

  /** @throws ApiError `not_connected` */
  connection(cluster: string): Connection {
    const connection = this.#connections.get(cluster);
    if (connection === undefined) {
      throw new ApiError("not_connected", `You are not signed in to ${cluster}: connect to it first.`);
    }
    return connection;
  }

  /** What the configuration gives to the person, whoever the directory takes them for. */
  grants(cluster: string): readonly Grant[] {
    return this.#grants.get(cluster) ?? [];
  }

  /** Everywhere in the cluster, whether it is read-only or not. */
  hasRole(role: Role, cluster: string): boolean {
    return (
      this.restriction === undefined &&
      this.grants(cluster).some((each) => each.role === role && each.under === undefined)
    );
  }

  identity(cluster: string): Identity {
    this.#checkRestriction();
    return this.identityOf(this.connection(cluster));
  }

  /** Also of a session that is restricted: for what the manager itself asks. @throws ApiError `not_connected` */
  identityOf(connection: Connection): Identity {
    const { name } = connection.cluster;
    const made = this.#identities.get(name) ?? this.#identity(connection);
    this.#identities.set(name, made);
    return made;
  }

  may(action: Action, cluster: string, dn?: string): boolean {
    const connection = this.#connectionFor(action, cluster);
    return connection !== undefined && isAllowed(this.grants(cluster), action, dn, connection.dn);
  }

  /** Everywhere in the cluster, or below some DN: what is worth offering. */
  maySomewhere(action: Action, cluster: string): boolean {
    return this.#connectionFor(action, cluster) !== undefined && isAllowedSomewhere(this.grants(cluster), action);
  }

  /** Where the session and the cluster let anybody do it at all. */
  #connectionFor(action: Action, cluster: string): Connection | undefined {
    const connection = this.#connections.get(cluster);
    if (connection === undefined || this.restriction !== undefined) return undefined;
    return connection.cluster.config.readonly && isChange(action) ? undefined : connection;
  }

  require(action: Action, cluster: string, dn?: string): void {
    this.#checkRestriction();
    const { cluster: found, dn: own } = this.connection(cluster);
    if (found.config.readonly && isChange(action)) {
      throw new ApiError("read_only", `The cluster ${cluster} is read-only here.`);
    }
    if (isAllowed(this.grants(cluster), action, dn, own)) return;
    const place = dn === undefined ? `everywhere in ${cluster}` : `for ${dn}`;
    throw new ApiError("not_allowed", `You need the role ${rolesThatMay(action)} ${place} for this.`);
  }

  #checkRestriction(): void {
    if (this.restriction !== undefined) throw restrictionProblem(this.restriction);
  }

  #identity(connection: Connection): Identity {
    const { cluster, dn, actsAs, generation, secret, shared } = connection;
    const key = identityKey(this.id, cluster.name, generation);
    const { bind_dn: bindDn } = cluster.config;
    if (shared !== undefined && bindDn !== undefined) {
      const sharedKey = identityKey(this.id, cluster.name, sharedGeneration(shared.generation));
      return passwordIdentity({ key: sharedKey, dn: bindDn, password: shared.password });
    }
    if (actsAs === "proxied" || actsAs === "service") {
      const service = serviceIdentity(cluster.config);
      const allowsIt = actsAs === "service" || cluster.config.proxied_authorization;
      if (service === undefined || !allowsIt) throw lostConnection(cluster.name);
      return actsAs === "proxied" ? proxiedIdentity(key, dn, service) : delegatedIdentity(key, service);
    }
    const password = secret === undefined ? undefined : this.keys.secrets().openText(secret, key);
    if (password === undefined) {
      if (actsAs !== "shared") throw lostConnection(cluster.name);
      throw new ApiError(
        "not_connected",
        `The shared password of ${cluster.name} is not kept any more: give it again.`,
      );
    }
    return passwordIdentity({ key, dn, password });
  }
}

/** Of the configuration that a session was connected by, or of the key file, something has changed. */
function lostConnection(cluster: string): ApiError {
  return new ApiError("not_connected", `Your connection to ${cluster} cannot be used any more: connect to it again.`);
}

const sharedPrefix = "shared.";

/** In the key of an identity that is the shared account's. */
export function sharedGeneration(generation: string): string {
  return `${sharedPrefix}${generation}`;
}

/** Which is also what a secret in the store is bound to. */
export function identityKey(session: string, cluster: string, generation: string): string {
  return `${session}/${cluster}/${generation}`;
}

export interface IdentityKeyParts {
  readonly session: string;
  readonly cluster: string;
  readonly generation: string;
  readonly isShared: boolean;
}

/** `undefined` for the key of an identity that is no session's. */
export function parseIdentityKey(key: string): IdentityKeyParts | undefined {
  const [session, cluster, last, ...more] = key.split("/");
  if (session === undefined || cluster === undefined || last === undefined || more.length > 0) return undefined;
  const isShared = last.startsWith(sharedPrefix);
  return { session, cluster, generation: isShared ? last.slice(sharedPrefix.length) : last, isShared };
}

export function restrictionProblem(restriction: Restriction): ApiError {
  return new ApiError(
    "second_factor_needed",
    restriction === "second factor wanted"
      ? "Give the code of your authenticator app first."
      : "Your role needs a second factor: enrol an authenticator app first.",
    { details: { restriction } },
  );
}

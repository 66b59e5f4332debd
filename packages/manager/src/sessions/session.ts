/** Somebody who has signed in, as the rest of the manager knows them. */
import type { Identity } from "../clusters/identity.ts";

/**
 * What a role may do, from the least:
 * - `read`: see entries and search, as the directory lets them
 * - `password`: set other people's passwords, unlock, enable and disable
 * - `write`: change, add, rename, delete
 * - `admin`: delete subtrees, reveal hashes, test replication by writing, use the shared account
 * - `audit`: read the audit trail and all events of a cluster
 */
export const actions = ["read", "password", "write", "admin", "audit"] as const;
export type Action = (typeof actions)[number];

export const roles = ["viewer", "helpdesk", "editor", "admin", "auditor"] as const;
export type Role = (typeof roles)[number];

export interface Session {
  /** Names the session without opening it: in lists and in the log. Not the token. */
  readonly id: string;
  /** Who signed in, for the audit trail and the page: a DN, or the subject of an OIDC provider. */
  readonly name: string;
  /** The clusters that the person is connected to. */
  readonly clusters: readonly string[];
  /** As whom to use the cluster. @throws ApiError `not_connected` */
  identity(cluster: string): Identity;
  /** Whether one of the person's roles on the cluster allows it: everywhere, or for `dn`. Their own entry and password are theirs. */
  may(action: Action, cluster: string, dn?: string): boolean;
  /** @throws ApiError `not_allowed` with the role that would be needed, `not_connected`, `read_only` for writes to a read-only cluster */
  require(action: Action, cluster: string, dn?: string): void;
}

/** Who asked for something, for the audit trail. */
export interface Actor {
  readonly session: Session;
  readonly address: string;
  readonly requestId: string;
  readonly signal: AbortSignal;
}

/** A session that is to be opened, and the rows that the store has of it then. */
import { randomBytes } from "node:crypto";
import type { Cluster } from "../clusters/cluster.ts";
import { personKey } from "./names.ts";
import { identityKey, type OpenSession, type SessionKeys } from "./open-session.ts";
import type { PasswordNotes } from "./password-notes.ts";
import type { ActsAs, ConnectionRow, Factor, SessionRow } from "./rows.ts";

/** From where somebody signs in. */
export interface Origin {
  readonly address: string;
  readonly userAgent?: string | undefined;
}

/** A cluster that a session is to be connected to. */
export interface NewConnection {
  readonly cluster: Cluster;
  readonly dn: string;
  readonly actsAs: ActsAs;
  readonly generation: string;
  readonly password?: string;
  readonly passwordNotes?: PasswordNotes | undefined;
}

export interface NewSession extends Origin {
  readonly id: string;
  readonly method: SessionRow["method"];
  readonly provider?: string;
  readonly factor: Factor;
  /** The first is where the person is at home. */
  readonly connections: readonly [NewConnection, ...NewConnection[]];
  /** The session of the same browser, which ends. */
  readonly replaces?: OpenSession | undefined;
}

const maxUserAgentLength = 256;

/** Times in milliseconds since 1970. */
export function sessionRow(wanted: NewSession, openedAt: number, expiresAt: number): SessionRow {
  const { id, method, factor, address, userAgent, connections } = wanted;
  const [{ cluster, dn }] = connections;
  return {
    ...{ id, method, factor, address, dn, home_cluster: cluster.name },
    person: personKey(cluster.name, dn),
    user_agent: userAgent?.slice(0, maxUserAgentLength).toWellFormed() ?? null,
    ...{ created_at: openedAt, used_at: openedAt, expires_at: expiresAt },
  };
}

export function connectionRow(session: string, keys: SessionKeys, connection: NewConnection): ConnectionRow {
  const { cluster, dn, actsAs, generation, password, passwordNotes } = connection;
  const context = identityKey(session, cluster.name, generation);
  return {
    ...{ cluster: cluster.name, dn, acts_as: actsAs, generation },
    secret: password === undefined ? null : keys.secrets().sealText(password, context),
    password_notes: passwordNotes === undefined ? null : JSON.stringify(passwordNotes),
    // Its groups are read as soon as it is used.
    ...{ member_of: "[]", asked_groups: "", member_of_read_at: 0 },
  };
}

/** Names a session, or what a connection of it is bound to. */
export function randomId(): string {
  return randomBytes(16).toString("base64url");
}

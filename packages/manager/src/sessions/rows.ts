/** Sessions and their connections as the store has them. */
import { joinSql, type SqlValue, type Statement, type Store, sql, type Transaction } from "@espalier/service";

export type Factor = "none" | "wanted" | "given";
export type ActsAs = "self" | "proxied" | "service" | "shared";

export interface SessionRow {
  readonly id: string;
  readonly person: string;
  readonly home_cluster: string;
  readonly dn: string;
  readonly method: "password" | "oidc";
  readonly factor: Factor;
  readonly address: string;
  readonly user_agent: string | null;
  readonly created_at: number;
  readonly used_at: number;
  readonly expires_at: number;
}

export interface ConnectionRow {
  readonly cluster: string;
  readonly dn: string;
  readonly acts_as: ActsAs;
  readonly generation: string;
  readonly secret: Uint8Array | null;
  readonly password_notes: string | null;
  readonly member_of: string;
  readonly asked_groups: string;
  readonly member_of_read_at: number;
}

export interface SharedPasswordRow {
  readonly cluster: string;
  readonly generation: string;
  readonly secret: Uint8Array;
  readonly given_by: string;
  readonly expires_at: number;
}

export interface FoundRows {
  readonly session: SessionRow;
  readonly connections: readonly ConnectionRow[];
  /** Of clusters where it acts as the shared account. */
  readonly shared: readonly SharedPasswordRow[];
}

type JoinedRow = SessionRow & {
  readonly cluster: string | null;
  readonly connection_dn: string;
  readonly shared_generation: string | null;
  readonly shared_secret: Uint8Array;
  readonly shared_given_by: string;
  readonly shared_expires_at: number;
} & Omit<ConnectionRow, "cluster" | "dn">;

/** Everything about a session, in one statement: it is read with every request. */
export async function findRows(store: Store, where: Statement, now: number): Promise<FoundRows | undefined> {
  const rows = await store.all<JoinedRow>(
    sql`SELECT s.id, s.person, s.home_cluster, s.dn, s.method, s.factor, s.address, s.user_agent, s.created_at, s.used_at,
        s.expires_at, c.cluster, c.dn AS connection_dn, c.acts_as, c.generation, c.secret, c.password_notes, c.member_of,
        c.asked_groups, c.member_of_read_at, p.generation AS shared_generation, p.secret AS shared_secret,
        p.given_by AS shared_given_by, p.expires_at AS shared_expires_at
      FROM manager_sessions s
      LEFT JOIN manager_connections c ON c.session_id = s.id
      LEFT JOIN manager_shared_passwords p ON p.cluster = c.cluster AND c.acts_as = 'shared' AND p.expires_at > ${now}
      WHERE ${where}
      ORDER BY c.cluster`,
  );
  const [session] = rows;
  if (session === undefined) return undefined;
  const connections: ConnectionRow[] = [];
  const shared: SharedPasswordRow[] = [];
  for (const { cluster, connection_dn: dn, shared_generation: generation, ...row } of rows) {
    if (cluster === null) continue;
    connections.push({ ...row, cluster, dn });
    if (generation === null) continue;
    const { shared_secret: secret, shared_given_by, shared_expires_at } = row;
    shared.push({ cluster, generation, secret, given_by: shared_given_by, expires_at: shared_expires_at });
  }
  return { session, connections, shared };
}

export function insertSession(transaction: Transaction, tokenHash: Uint8Array, row: SessionRow): Promise<number> {
  return transaction.run(
    sql`INSERT INTO manager_sessions
      (id, token_hash, person, home_cluster, dn, method, factor, address, user_agent, created_at, used_at, expires_at)
      VALUES (${row.id}, ${tokenHash}, ${row.person}, ${row.home_cluster}, ${row.dn}, ${row.method}, ${row.factor},
        ${row.address}, ${row.user_agent}, ${row.created_at}, ${row.used_at}, ${row.expires_at})`,
  );
}

/** In place of one to the same cluster. */
export async function putConnection(transaction: Transaction, sessionId: string, row: ConnectionRow): Promise<void> {
  const { cluster } = row;
  await transaction.run(sql`DELETE FROM manager_connections WHERE session_id = ${sessionId} AND cluster = ${cluster}`);
  await transaction.run(
    sql`INSERT INTO manager_connections
      (session_id, cluster, dn, acts_as, generation, secret, password_notes, member_of, asked_groups, member_of_read_at)
      VALUES (${sessionId}, ${cluster}, ${row.dn}, ${row.acts_as}, ${row.generation}, ${row.secret}, ${row.password_notes},
        ${row.member_of}, ${row.asked_groups}, ${row.member_of_read_at})`,
  );
}

export interface EndedSession {
  readonly id: string;
  readonly dn: string;
  readonly home_cluster: string;
  readonly connections: readonly { readonly cluster: string; readonly generation: string }[];
}

/** Removes sessions with everything of theirs; those that somebody else has removed meanwhile are not among the answer. */
export async function deleteSessions(transaction: Transaction, where: Statement): Promise<readonly EndedSession[]> {
  const connections = await transaction.all<{
    readonly session_id: string;
    readonly cluster: string;
    readonly generation: string;
  }>(
    sql`SELECT session_id, cluster, generation FROM manager_connections
      WHERE session_id IN (SELECT id FROM manager_sessions WHERE ${where})`,
  );
  const ended = await transaction.all<Omit<EndedSession, "connections">>(
    sql`DELETE FROM manager_sessions WHERE ${where} RETURNING id, dn, home_cluster`,
  );
  return ended.map((session) => ({
    ...session,
    connections: connections.filter(({ session_id: id }) => id === session.id),
  }));
}

/** `(1, 2, 3)`: for `IN`. There must be one. */
export function sqlList(values: readonly SqlValue[]): Statement {
  const list = values.map((value) => sql`${value}`);
  return sql`(${joinSql(list, ", ")})`;
}

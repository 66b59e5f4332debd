/** The sessions that somebody may see and end: their own, and those in clusters whose administrator they are. */
import { type Statement, type Store, sql } from "@espalier/service";
import { ApiError } from "../api/problem.ts";
import type { Endings } from "./endings.ts";
import type { OpenSession } from "./open-session.ts";
import { deleteSessions, type SessionRow, sqlList } from "./rows.ts";

export interface SessionListOptions {
  readonly store: Store;
  readonly endings: Endings;
  readonly idleMs: number;
  readonly now: () => number;
}

/** One of a list. */
export interface ListedSession {
  readonly row: SessionRow;
  readonly clusters: readonly string[];
}

const maxListed = 500;

export class SessionList {
  readonly #options: SessionListOptions;

  constructor(options: SessionListOptions) {
    this.#options = options;
  }

  /** The one used last first. */
  async visibleTo(session: OpenSession): Promise<readonly ListedSession[]> {
    const { store, idleMs } = this.#options;
    const now = this.#options.now();
    const rows = await store.all<SessionRow>(
      sql`SELECT id, person, home_cluster, dn, method, factor, address, user_agent, created_at, used_at, expires_at
        FROM manager_sessions WHERE ${visibleTo(session)} AND expires_at > ${now} AND used_at > ${now - idleMs}
        ORDER BY used_at DESC, id LIMIT ${maxListed}`,
    );
    if (rows.length === 0) return [];
    const connections = await store.all<{ readonly session_id: string; readonly cluster: string }>(
      sql`SELECT session_id, cluster FROM manager_connections
        WHERE session_id IN ${sqlList(rows.map(({ id }) => id))} ORDER BY cluster`,
    );
    return rows.map((row) => ({
      row,
      clusters: connections.filter(({ session_id: id }) => id === row.id).map(({ cluster }) => cluster),
    }));
  }

  /** Ends one of {@link visibleTo}. @throws ApiError `not_found` */
  async revoke(by: OpenSession, id: string, address: string): Promise<void> {
    const [revoked] = await this.#options.store.write((transaction) =>
      deleteSessions(transaction, sql`id = ${id} AND ${visibleTo(by)}`),
    );
    if (revoked === undefined) throw new ApiError("not_found", "There is no such session, or it is not yours to end.");
    this.#options.endings.revoked(revoked, { dn: by.name, address });
  }
}

function visibleTo(session: OpenSession): Statement {
  const own = sql`person = ${session.row.person}`;
  const clusters = session.clusters.filter((cluster) => session.hasRole("admin", cluster));
  if (clusters.length === 0) return own;
  return sql`(${own} OR id IN (SELECT session_id FROM manager_connections WHERE cluster IN ${sqlList(clusters)}))`;
}

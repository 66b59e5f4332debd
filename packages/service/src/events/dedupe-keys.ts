/** Which events are new: a dedupe key is its first event's for as long as the window is. */
import { joinSql, type Statement, sql, sqlTable } from "../store/statement.ts";
import type { Transaction } from "../store/transaction.ts";

export interface KeyClaim {
  readonly key: string;
  readonly eventId: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

const claimColumns = { key: "text", event_id: "text", until: "bigint" } as const;

/**
 * What each key belongs to from now on: the event that claims it, the first of several with the same key, or what had it before. A
 * row that another node has just inserted is waited for. What is locked is locked by one statement; all is sent before this returns.
 *
 * @param otherOwners queries of one value each: the id of what has the key `claims.key` already, and is no event
 */
export async function claimKeys(
  transaction: Transaction,
  claims: readonly KeyClaim[],
  otherOwners: readonly Statement[],
  now: number,
): Promise<ReadonlyMap<string, string>> {
  const claimants = new Map<string, KeyClaim>();
  for (const claim of claims) if (!claimants.has(claim.key)) claimants.set(claim.key, claim);
  if (claimants.size === 0) return new Map();
  // In one order on every node, so that no two wait for each other.
  const rows = [...claimants.values()]
    .sort(byKey)
    .map(({ key, eventId, until }) => ({ key, event_id: eventId, until }));
  const table = sqlTable(transaction.database, claimColumns, rows);
  const isFree = joinSql([sql`true`, ...otherOwners.map((owner) => sql`(${owner}) IS NULL`)], " AND ");
  // A row that holds becomes what it was, so that it is returned, too.
  const claimed = transaction.all<{ readonly key: string; readonly owner: string }>(
    sql`INSERT INTO event_dedupe (key, event_id, until) SELECT key, event_id, until FROM ${table} AS claims WHERE ${isFree}
      ON CONFLICT (key) DO UPDATE SET
        event_id = CASE WHEN event_dedupe.until <= ${now} THEN excluded.event_id ELSE event_dedupe.event_id END,
        until = CASE WHEN event_dedupe.until <= ${now} THEN excluded.until ELSE event_dedupe.until END
      RETURNING key, event_id AS owner`.prepared(),
  );
  // Behind the claims, which see no more of what other nodes commit: what kept a key from being claimed is found here.
  const others = otherOwners.map((owner) =>
    transaction.all<{ readonly key: string; readonly owner: string | null }>(
      sql`SELECT key, (${owner}) AS owner FROM ${table} AS claims`.prepared(),
    ),
  );
  // What was claimed is the claimant's, whatever came after.
  const owned = (await Promise.all([...others, claimed])).flat();
  return new Map(owned.flatMap(({ key, owner }) => (owner === null ? [] : [[key, owner]])));
}

function byKey(one: KeyClaim, other: KeyClaim): number {
  return one.key < other.key ? -1 : Number(one.key > other.key);
}

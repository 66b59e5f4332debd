/** Which events are new: a dedupe key is its first event's for as long as the window is. */
import { sql, sqlTable } from "../store/statement.ts";
import type { Transaction } from "../store/transaction.ts";

export interface KeyClaim {
  readonly key: string;
  readonly eventId: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

const claimColumns = { key: "text", event_id: "text", until: "bigint" } as const;

/**
 * The event that each key belongs to from now on: the one that claims it, the first of several with the same key, or the one that
 * had it before. A row that another node has just inserted is waited for. What is locked is locked by one statement, which is
 * sent before this returns.
 */
export async function claimKeys(
  transaction: Transaction,
  claims: readonly KeyClaim[],
  now: number,
): Promise<ReadonlyMap<string, string>> {
  const owners = new Map<string, string>();
  for (const { key, eventId } of claims) if (!owners.has(key)) owners.set(key, eventId);
  if (owners.size === 0) return owners;
  // In one order on every node, so that no two wait for each other.
  const first = claims.filter(({ key, eventId }) => owners.get(key) === eventId).sort(byKey);
  const rows = first.map(({ key, eventId, until }) => ({ key, event_id: eventId, until }));
  const claimed = await transaction.all<{ readonly key: string }>(
    sql`INSERT INTO event_dedupe (key, event_id, until)
      SELECT key, event_id, until FROM ${sqlTable(transaction.database, claimColumns, rows)} AS claims WHERE true
      ON CONFLICT (key) DO UPDATE SET event_id = excluded.event_id, until = excluded.until
      WHERE event_dedupe.until <= ${now}
      RETURNING key`.prepared(),
  );
  if (claimed.length === first.length) return owners;
  const isClaimed = new Set(claimed.map(({ key }) => key));
  const others = first.filter(({ key }) => !isClaimed.has(key)).map(({ key }) => ({ key }));
  const known = await transaction.all<{ readonly key: string; readonly event_id: string }>(
    sql`SELECT key, event_id FROM event_dedupe
      WHERE key IN (SELECT key FROM ${sqlTable(transaction.database, { key: "text" }, others)} AS others)`,
  );
  for (const { key, event_id: eventId } of known) owners.set(key, eventId);
  return owners;
}

function byKey(one: KeyClaim, other: KeyClaim): number {
  return one.key < other.key ? -1 : Number(one.key > other.key);
}

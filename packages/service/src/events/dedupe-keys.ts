/** Which events are new: a dedupe key is its first event's for as long as the window is. */
import { joinSql, type Statement, sql, sqlRows, sqlTable } from "../store/statement.ts";
import type { Transaction } from "../store/transaction.ts";

export interface KeyClaim {
  readonly key: string;
  readonly eventId: string;
  /** Milliseconds since 1970. */
  readonly until: number;
  /** Whether what is no event may have the key. */
  readonly mayBeTaken: boolean;
}

/** A key, and the event that it belongs to from now on. */
export interface KeyOwner {
  readonly key: string;
  readonly owner: string;
}

const claimColumns = { key: "text", event_id: "text", until: "bigint", may_be_taken: "smallint" } as const;

/**
 * Sends the claims. Once they are answered: which event each key belongs to from now on, as {@link claimStatement} tells.
 *
 * @param taken conditions, of which one holds where what is no event has the key `claims.key`
 */
export function claimKeys(
  transaction: Transaction,
  claims: readonly KeyClaim[],
  taken: readonly Statement[],
  now: number,
): () => ReadonlyMap<string, string> {
  const claiming = firstClaims(claims);
  if (claiming.length === 0) return () => new Map();
  const rows = claiming.map(({ key, eventId, until, mayBeTaken }) => ({
    key,
    event_id: eventId,
    until,
    may_be_taken: Number(mayBeTaken),
  }));
  const table = sqlTable(transaction.database, claimColumns, rows);
  const answer = transaction.send<KeyOwner>(claimStatement(table, taken, now).prepared());
  return () => ownersOf(answer());
}

/** One for each key, in one order on every node, so that no two wait for each other. */
export function firstClaims(claims: readonly KeyClaim[]): readonly KeyClaim[] {
  const first = new Map<string, KeyClaim>();
  // One that cannot be refused goes first, as the others would be refused with one that was.
  for (const claim of [...claims].sort(byRefusal)) if (!first.has(claim.key)) first.set(claim.key, claim);
  return [...first.values()].sort(byKey);
}

/**
 * Gives a {@link KeyOwner} for each key: the event that claims it, or the one that had it before. A key is missing where what is no
 * event has it. A row that another node has just inserted is waited for. What is locked is locked by one statement.
 *
 * @param claims rows of a key, event_id, until and may_be_taken; no two with one key
 * @param taken as of {@link claimKeys}
 */
export function claimStatement(claims: Statement, taken: readonly Statement[], now: number): Statement {
  const isTaken = joinSql([sql`false`, ...taken], " OR ");
  // A row that holds becomes what it was, so that it is returned, too.
  return sql`INSERT INTO event_dedupe (key, event_id, until) SELECT key, event_id, until FROM ${claims} AS claims
    WHERE may_be_taken = 0 OR NOT (${isTaken})
    ON CONFLICT (key) DO UPDATE SET
      event_id = CASE WHEN event_dedupe.until <= ${now} THEN excluded.event_id ELSE event_dedupe.event_id END,
      until = CASE WHEN event_dedupe.until <= ${now} THEN excluded.until ELSE event_dedupe.until END
    RETURNING key, event_id AS owner`;
}

/** By their keys. */
export function ownersOf(rows: readonly KeyOwner[]): ReadonlyMap<string, string> {
  return new Map(rows.map(({ key, owner }) => [key, owner]));
}

/** Of events that are no more, which had them. Another event may have got a key since: it keeps it. */
export async function releaseKeys(
  transaction: Transaction,
  holders: readonly { readonly key: string | null; readonly id: string }[],
): Promise<void> {
  const held = holders.filter(({ key }) => key !== null);
  if (held.length === 0) return;
  const keys = sqlRows([held.map(({ key }) => key)]);
  const ids = sqlRows([held.map(({ id }) => id)]);
  await transaction.run(sql`DELETE FROM event_dedupe WHERE key IN ${keys} AND event_id IN ${ids}`);
}

function byRefusal(one: KeyClaim, other: KeyClaim): number {
  return Number(one.mayBeTaken) - Number(other.mayBeTaken);
}

function byKey(one: KeyClaim, other: KeyClaim): number {
  return one.key < other.key ? -1 : Number(one.key > other.key);
}

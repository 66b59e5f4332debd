/** How events come into the table: numbered, chained and inserted together, as the last thing that their transaction does. */

import { Statement, sql, sqlTable } from "../store/statement.ts";
import type { FinalStep, Transaction } from "../store/transaction.ts";
import { type EventHead, linkHash, selectHead } from "./chain.ts";
import { claimKeys, type KeyClaim } from "./dedupe-keys.ts";
import type { CheckedEvent, EventRow } from "./stored-event.ts";

/** The channel that is woken by new events. */
export const eventsChannel = "events";

/** The events of one transaction, in the order in which they were added. */
export interface PendingEvents {
  readonly events: Map<string, CheckedEvent>;
  /** Of those of them whose dedupe keys are claimed at the end. */
  readonly claims: KeyClaim[];
  /** Queries of one value each: the id of what has the dedupe key `claims.key` already, and is no event. */
  readonly otherOwners: Statement[];
  /** Events that were not added, being duplicates. */
  duplicates: number;
  /** By dedupe key, what those claimed at the end belong to; known once they are claimed. */
  owners: ReadonlyMap<string, string>;
  /** Known once they are inserted. */
  rows: readonly EventRow[];
}

const eventColumns = {
  position: "bigint",
  id: "text",
  time: "bigint",
  type: "text",
  severity: "smallint",
  subject: "text",
  source: "text",
  actor: "text",
  data: "text",
  dedupe_key: "text",
  link: "bigint",
  hash: "text",
} as const;
const columnNames = new Statement([Object.keys(eventColumns).join(", ")], []);

/** Rows of an INSERT: SQLite takes 32,766 values in a statement, and keeps a text of its own for each number of rows. */
const insertedAtOnce = 50;

/**
 * The row `event_head` is locked first, and stays so until the commit: so positions and links are in the order of the
 * commits on every node, and who sees one sees all before it. Nothing else is locked after it, so it is in no deadlock.
 */
export class AppendStep implements FinalStep<PendingEvents> {
  readonly #now: () => number;
  readonly #onCommitted: (pending: PendingEvents) => void;

  constructor(now: () => number, onCommitted: (pending: PendingEvents) => void) {
    this.#now = now;
    this.#onCommitted = onCommitted;
  }

  begin(): PendingEvents {
    return { events: new Map(), claims: [], otherOwners: [], duplicates: 0, owners: new Map(), rows: [] };
  }

  async run(transaction: Transaction, pending: PendingEvents): Promise<void> {
    if (pending.events.size === 0) return;
    const lock = transaction.database === "postgres" ? sql` FOR UPDATE` : sql``;
    // Without waiting for the claims: the lock is taken after theirs.
    const [owners, head] = await Promise.all([
      claimKeys(transaction, pending.claims, pending.otherOwners, this.#now()),
      transaction.first<EventHead>(sql`${selectHead}${lock}`.prepared()),
    ]);
    if (head === undefined) throw new TypeError("the table event_head has lost its row");
    pending.owners = owners;
    for (const { key, eventId } of pending.claims) {
      // What has no owner any more is added: what its sender is told of must be there.
      if ((owners.get(key) ?? eventId) === eventId) continue;
      pending.events.delete(eventId);
      pending.duplicates += 1;
    }
    const rows = numbered([...pending.events.values()], head);
    pending.rows = rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    for (let start = 0; start < rows.length; start += insertedAtOnce) {
      const table = sqlTable(transaction.database, eventColumns, rows.slice(start, start + insertedAtOnce));
      transaction.send(
        sql`INSERT INTO events (${columnNames}) SELECT ${columnNames} FROM ${table} AS added`.prepared(),
      );
    }
    const { link, hash } = rows.findLast((row) => row.link !== null) ?? head;
    transaction.send(sql`UPDATE event_head SET position = ${last.position}, link = ${link}, hash = ${hash}`.prepared());
    transaction.wake(eventsChannel);
  }

  committed(pending: PendingEvents): void {
    this.#onCommitted(pending);
  }
}

/** @param head where the log and the chain ended before them */
function numbered(events: readonly CheckedEvent[], head: EventHead): readonly EventRow[] {
  let { position, link, hash } = head;
  return events.map((event) => {
    const { id, time, type, severity, subject, source, actor, data, dedupeKey, audit } = event;
    position += 1;
    const row = { position, id, time, type, severity, subject, source, actor, data, dedupe_key: dedupeKey };
    if (!audit) return { ...row, link: null, hash: null };
    link += 1;
    hash = linkHash({ ...row, link }, hash);
    return { ...row, link, hash };
  });
}

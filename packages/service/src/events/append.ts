/** How events come into the table: numbered, chained and inserted together, as the last thing that their transaction does. */

import { sql, sqlRows } from "../store/statement.ts";
import type { FinalStep, Transaction } from "../store/transaction.ts";
import { type EventHead, linkHash } from "./chain.ts";
import type { CheckedEvent, EventRow } from "./stored-event.ts";

/** The channel that is woken by new events. */
export const eventsChannel = "events";

/** The events of one transaction, in the order in which they were added. */
export interface PendingEvents {
  readonly events: Map<string, CheckedEvent>;
  /** Events that were not added, being duplicates. */
  duplicates: number;
  /** Known once they are inserted. */
  rows: readonly EventRow[];
}

/** Rows of an INSERT: SQLite takes 32,766 values in a statement, and a text of its own is parsed for each number of rows. */
const insertedAtOnce = 50;

/**
 * The row `event_head` is updated first, and stays locked until the commit: so positions and links are in the order of the
 * commits on every node, and who sees one sees all before it. Nothing else is locked after it, so it is in no deadlock.
 */
export class AppendStep implements FinalStep<PendingEvents> {
  readonly #onCommitted: (pending: PendingEvents) => void;

  constructor(onCommitted: (pending: PendingEvents) => void) {
    this.#onCommitted = onCommitted;
  }

  begin(): PendingEvents {
    return { events: new Map(), duplicates: 0, rows: [] };
  }

  async run(transaction: Transaction, pending: PendingEvents): Promise<void> {
    const events = [...pending.events.values()];
    if (events.length === 0) return;
    const head = await transaction.first<EventHead>(
      sql`UPDATE event_head SET position = position + ${events.length}
        RETURNING position, link, hash, trimmed_link, trimmed_hash`,
    );
    if (head === undefined) throw new TypeError("the table event_head has lost its row");
    const rows = numbered(events, head);
    pending.rows = rows;
    for (let start = 0; start < rows.length; start += insertedAtOnce) {
      transaction.send(insertRows(rows.slice(start, start + insertedAtOnce)));
    }
    const last = rows.findLast(({ link }) => link !== null);
    if (last !== undefined) {
      transaction.send(sql`UPDATE event_head SET link = ${last.link}, hash = ${last.hash}`);
    }
    transaction.wake(eventsChannel);
  }

  committed(pending: PendingEvents): void {
    this.#onCommitted(pending);
  }
}

/** @param head has the position of the last of them, and the link before the first */
function numbered(events: readonly CheckedEvent[], head: EventHead): readonly EventRow[] {
  let position = head.position - events.length;
  let { link, hash } = head;
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

function insertRows(rows: readonly EventRow[]) {
  const values = rows.map((row) => [
    row.position,
    row.id,
    row.time,
    row.type,
    row.severity,
    row.subject,
    row.source,
    row.actor,
    row.data,
    row.dedupe_key,
    row.link,
    row.hash,
  ]);
  return sql`INSERT INTO events
    (position, id, time, type, severity, subject, source, actor, data, dedupe_key, link, hash)
    VALUES ${sqlRows(values)}`;
}

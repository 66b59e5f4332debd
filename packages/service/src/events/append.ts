/** How events come into the table: numbered, chained and inserted together, as the last thing that their transaction does. */

import { type Database, Statement, sql, sqlTable } from "../store/statement.ts";
import type { FinalStep, Transaction } from "../store/transaction.ts";
import { type EventHead, linkHash, selectHead } from "./chain.ts";
import { claimKeys, type KeyClaim } from "./dedupe-keys.ts";
import type { ChainLink, CheckedEvent, EventRow } from "./stored-event.ts";

/** The channel that is woken by new events. */
export const eventsChannel = "events";

/** The events of one transaction. */
export interface PendingEvents {
  /** In the order in which they were added. */
  readonly added: AddedEvent[];
  /** Conditions, of which one holds where what is no event has the dedupe key `claims.key`. */
  readonly taken: Statement[];
  /** Events that were not added, being duplicates. */
  duplicates: number;
  /** By dedupe key, the events that those claimed at the end belong to; known once this is committed. */
  owners: () => ReadonlyMap<string, string>;
  /** What was inserted; known once this is committed. */
  rows: () => readonly EventRow[];
}

interface AddedEvent {
  readonly event: CheckedEvent;
  /** Of its dedupe key, at the end of the transaction: it is inserted if it gets it. */
  readonly claim?: KeyClaim | undefined;
}

/** As in the table, but for the position. */
const contentColumns = {
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
const insertedColumns = { ordinal: "bigint", is_claimed: "smallint", ...contentColumns } as const;
const contentNames = new Statement([Object.keys(contentColumns).join(", ")], []);

/** Rows of an INSERT: SQLite takes 32,766 values in a statement, and keeps a text of its own for each number of rows. */
const insertedAtOnce = 50;

/**
 * The row `event_head` is locked first, and stays so until the commit: so positions and links are in the order of the
 * commits on every node, and who sees one sees all before it. Nothing else is locked after it, so it is in no deadlock.
 *
 * The database numbers what is inserted, as it knows which events have got their keys: so nothing has to be waited for before the
 * commit, unless a link of the audit trail must be made, whose hash covers the one before.
 */
export class AppendStep implements FinalStep<PendingEvents> {
  readonly #now: () => number;
  readonly #onCommitted: (pending: PendingEvents) => void;

  constructor(now: () => number, onCommitted: (pending: PendingEvents) => void) {
    this.#now = now;
    this.#onCommitted = onCommitted;
  }

  begin(): PendingEvents {
    return { added: [], taken: [], duplicates: 0, owners: () => new Map(), rows: () => [] };
  }

  async run(transaction: Transaction, pending: PendingEvents): Promise<void> {
    const { added, taken } = pending;
    if (added.length === 0) return;
    const claims = added.flatMap(({ claim }) => claim ?? []);
    const owners = claimKeys(transaction, claims, taken, this.#now());
    const hasAudit = added.some(({ event }) => event.audit);
    const links = hasAudit ? await linksOf(transaction, () => inserted(added, owners())) : new Map<string, ChainLink>();
    const rows = added.map(({ event, claim }, ordinal) => {
      const { number: link = null, hash = null } = links.get(event.id) ?? {};
      return { ordinal, is_claimed: Number(claim !== undefined), ...contentOf(event), link, hash };
    });
    const heads: (() => readonly { readonly position: number }[])[] = [];
    for (let start = 0; start < rows.length; start += insertedAtOnce) {
      heads.push(insert(transaction, rows.slice(start, start + insertedAtOnce)));
    }
    const last = [...links.values()].at(-1);
    if (last !== undefined) {
      transaction.send(sql`UPDATE event_head SET link = ${last.number}, hash = ${last.hash}`.prepared());
    }
    pending.owners = owners;
    pending.rows = () => {
      const events = inserted(added, owners());
      const before = (heads.at(-1)?.()[0]?.position ?? 0) - events.length;
      return events.map((event, index) => {
        const { number: link = null, hash = null } = links.get(event.id) ?? {};
        return { position: before + index + 1, ...contentOf(event), link, hash };
      });
    };
    transaction.wake(eventsChannel);
  }

  committed(pending: PendingEvents): void {
    this.#onCommitted(pending);
  }
}

type InsertedRow = Parameters<typeof sqlTable<typeof insertedColumns>>[2][number];

/** Gives where the log ends then. For `EXISTS` in place of the comparison PostgreSQL would read the whole table of keys. */
function insert(transaction: Transaction, rows: readonly InsertedRow[]) {
  const { database } = transaction;
  const table = sqlTable(database, insertedColumns, rows);
  transaction.send(
    sql`INSERT INTO events (position, ${contentNames})
      SELECT head.position + row_number() OVER (ORDER BY ordinal), ${contentNames}
      FROM ${table} AS added, (SELECT position FROM event_head${lockOf(database)}) AS head
      WHERE is_claimed = 0 OR id = (SELECT event_id FROM event_dedupe WHERE key = added.dedupe_key)`.prepared(),
  );
  return transaction.send<{ readonly position: number }>(
    sql`UPDATE event_head SET position = coalesce(
      (SELECT max(events.position) FROM events WHERE events.position > event_head.position), position)
      RETURNING position`.prepared(),
  );
}

/** By the events' ids. @param events those that are inserted, once the claims are answered */
async function linksOf(
  transaction: Transaction,
  events: () => readonly CheckedEvent[],
): Promise<ReadonlyMap<string, ChainLink>> {
  const heads = transaction.send<EventHead>(sql`${selectHead}${lockOf(transaction.database)}`.prepared());
  await transaction.answered();
  const [head] = heads();
  if (head === undefined) throw new TypeError("the table event_head has lost its row");
  let { position, link: number, hash } = head;
  const links = new Map<string, ChainLink>();
  for (const event of events()) {
    position += 1;
    if (!event.audit) continue;
    number += 1;
    hash = linkHash({ position, ...contentOf(event), link: number }, hash);
    links.set(event.id, { number, hash });
  }
  return links;
}

function lockOf(database: Database): Statement {
  return database === "postgres" ? sql` FOR UPDATE` : sql``;
}

/** Those that the statement inserts. */
function inserted(added: readonly AddedEvent[], owners: ReadonlyMap<string, string>): readonly CheckedEvent[] {
  return added.flatMap(({ event, claim }) =>
    claim === undefined || owners.get(claim.key) === event.id ? [event] : [],
  );
}

function contentOf({ id, time, type, severity, subject, source, actor, data, dedupeKey }: CheckedEvent) {
  return { id, time, type, severity, subject, source, actor, data, dedupe_key: dedupeKey };
}

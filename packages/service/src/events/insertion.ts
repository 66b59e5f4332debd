/**
 * The statements that insert events. The row `event_head` is locked after the keys, and stays so until the commit: so positions and
 * links are in the order of the commits on every node, and who sees one sees all before it. Nothing else is locked after it, so it is
 * in no deadlock. The database numbers what is inserted, as it knows which events have got their keys: so nothing has to be waited for
 * before the commit, unless a link of the audit trail must be made, whose hash covers the one before.
 */
import { type Database, Statement, sql, sqlTable, type TableColumns } from "../store/statement.ts";
import type { Transaction } from "../store/transaction.ts";
import { type EventHead, linkHash, selectHead } from "./chain.ts";
import { claimKeys, claimStatement, firstClaims, type KeyClaim, type KeyOwner, ownersOf } from "./dedupe-keys.ts";
import type { ChainLink, CheckedEvent } from "./stored-event.ts";

export interface AddedEvent {
  readonly event: CheckedEvent;
  /** Of its dedupe key, at the end of the transaction: it is inserted if it gets it. */
  readonly claim?: KeyClaim | undefined;
}

export interface EventsToInsert {
  /** One at least, in the order of their positions. */
  readonly added: readonly AddedEvent[];
  /** Conditions, of which one holds where what is no event has the dedupe key `claims.key`. */
  readonly taken: readonly Statement[];
}

interface PositionedEvent {
  readonly position: number;
  readonly event: CheckedEvent;
}

/** What came of them. The functions tell once the statements are answered. */
export interface Insertion {
  /** By dedupe key, the events that those claimed belong to. */
  readonly owners: () => ReadonlyMap<string, string>;
  readonly inserted: () => readonly PositionedEvent[];
  /** By the events' ids. */
  readonly links: ReadonlyMap<string, ChainLink>;
}

/** As in the table, but for the position and the link. */
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
} as const;
const linkColumns = { link: "bigint", hash: "text" } as const;
/** In which order they were added, and whether it must have got its key. */
const orderColumns = { ordinal: "bigint", is_claimed: "smallint" } as const;
/** No `until` where it claims no key, or another with the same key does so. */
const claimColumns = { until: "bigint", may_be_taken: "smallint" } as const;
const linkedColumns = { ...orderColumns, ...contentColumns, ...linkColumns } as const;
const claimedColumns = { ...orderColumns, ...contentColumns, ...claimColumns } as const;
const contentNames = namesOf(contentColumns);
const linkedNames = namesOf({ ...contentColumns, ...linkColumns });

/** SQLite takes 32,766 values in a statement, and keeps a text of its own for each number of rows. */
const insertedAtOnce = 50;

/** Sends one statement after the other, and waits for them only to make links. */
export async function insertInTurn(
  transaction: Transaction,
  { added, taken }: EventsToInsert,
  now: number,
): Promise<Insertion> {
  const { database } = transaction;
  const claims = added.flatMap(({ claim }) => claim ?? []);
  const owners = claimKeys(transaction, claims, taken, now);
  const hasAudit = added.some(({ event }) => event.audit);
  const links = hasAudit ? await linksOf(transaction, () => inserted(added, owners())) : new Map<string, ChainLink>();
  const rows = added.map((each, ordinal) => {
    const { number: link = null, hash = null } = links.get(each.event.id) ?? {};
    return { ...rowOf(each, ordinal), link, hash };
  });
  const ends: (() => readonly LogEnd[])[] = [];
  for (let start = 0; start < rows.length; start += insertedAtOnce) {
    const table = sqlTable(database, linkedColumns, rows.slice(start, start + insertedAtOnce));
    // For `EXISTS` in place of the comparison PostgreSQL would read the whole table of keys.
    transaction.send(
      sql`INSERT INTO events (position, ${linkedNames})
        SELECT head.position + row_number() OVER (ORDER BY ordinal), ${linkedNames}
        FROM ${table} AS added, (SELECT position FROM event_head${lockOf(database)}) AS head
        WHERE is_claimed = 0 OR id = (SELECT event_id FROM event_dedupe WHERE key = added.dedupe_key)`.prepared(),
    );
    ends.push(
      transaction.send<LogEnd>(
        sql`UPDATE event_head SET position = coalesce(
          (SELECT max(events.position) FROM events WHERE events.position > event_head.position), position)
          RETURNING position`.prepared(),
      ),
    );
  }
  const last = [...links.values()].at(-1);
  if (last !== undefined) {
    transaction.send(sql`UPDATE event_head SET link = ${last.number}, hash = ${last.hash}`.prepared());
  }
  return { owners, links, inserted: () => positioned(inserted(added, owners()), ends.at(-1)?.()) };
}

/**
 * The same as one statement, for PostgreSQL and events without a link: webhooks are accepted a twentieth faster. Its parts see of
 * each other's changes what those return, and nothing else; so the head is locked after the keys, whose owners it is moved by.
 */
export function insertAtOnce(transaction: Transaction, { added, taken }: EventsToInsert, now: number): Insertion {
  const claiming = firstClaims(added.flatMap(({ claim }) => claim ?? []));
  const orders = new Map<KeyClaim | undefined, number>(claiming.map((claim, order) => [claim, order]));
  const orderOf = ({ claim }: AddedEvent) => orders.get(claim) ?? orders.size;
  const rows = added
    .map((each, ordinal) => ({ each, ordinal }))
    .sort((one, other) => orderOf(one.each) - orderOf(other.each))
    .map(({ each, ordinal }) => ({
      ...rowOf(each, ordinal),
      until: orders.has(each.claim) ? each.claim!.until : null,
      may_be_taken: Number(each.claim?.mayBeTaken ?? false),
    }));
  const claims = sql`(SELECT dedupe_key AS key, id AS event_id, until, may_be_taken FROM added WHERE until IS NOT NULL)`;
  const answer = transaction.send<LogEnd & (KeyOwner | { readonly key: null })>(
    sql`WITH added AS ${sqlTable(transaction.database, claimedColumns, rows)},
      claimed AS (${claimStatement(claims, taken, now)}),
      numbered AS (
        SELECT added.*, row_number() OVER (ORDER BY ordinal) AS number
        FROM added LEFT JOIN claimed ON claimed.key = added.dedupe_key WHERE is_claimed = 0 OR claimed.owner = added.id
      ),
      head AS (
        UPDATE event_head SET position = position + new.count
        FROM (SELECT count(*) FROM numbered) AS new RETURNING position, position - new.count AS before
      ),
      inserted AS (
        INSERT INTO events (position, ${contentNames}) SELECT head.before + number, ${contentNames} FROM numbered, head
      )
      SELECT position, key, owner FROM head LEFT JOIN claimed ON true`.prepared(),
  );
  const owners = () => ownersOf(answer().filter((row) => row.key !== null));
  return { owners, links: new Map(), inserted: () => positioned(inserted(added, owners()), answer()) };
}

/** By the events' ids. @param events those that are inserted, once the claims are answered */
async function linksOf(
  transaction: Transaction,
  events: () => readonly CheckedEvent[],
): Promise<ReadonlyMap<string, ChainLink>> {
  const heads = transaction.send<EventHead>(sql`${selectHead}${lockOf(transaction.database)}`.prepared());
  await transaction.answered();
  let { position, link: number, hash } = onlyRow(heads());
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

/** Those that the statements insert. */
function inserted(added: readonly AddedEvent[], owners: ReadonlyMap<string, string>): readonly CheckedEvent[] {
  return added.flatMap(({ event, claim }) =>
    claim === undefined || owners.get(claim.key) === event.id ? [event] : [],
  );
}

interface LogEnd {
  readonly position: number;
}

/** @param ends where the log ends with them */
function positioned(events: readonly CheckedEvent[], ends: readonly LogEnd[] = []): readonly PositionedEvent[] {
  const before = onlyRow(ends).position - events.length;
  return events.map((event, index) => ({ position: before + index + 1, event }));
}

function rowOf({ event, claim }: AddedEvent, ordinal: number) {
  return { ordinal, is_claimed: Number(claim !== undefined), ...contentOf(event) };
}

export function contentOf({ id, time, type, severity, subject, source, actor, data, dedupeKey }: CheckedEvent) {
  return { id, time, type, severity, subject, source, actor, data, dedupe_key: dedupeKey };
}

function onlyRow<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined) throw new TypeError("the table event_head has lost its row");
  return row;
}

function namesOf(columns: TableColumns): Statement {
  return new Statement([Object.keys(columns).join(", ")], []);
}

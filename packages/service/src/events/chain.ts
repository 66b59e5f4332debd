/**
 * The chain of the audit trail. Each link's hash covers its event and the hash before, so that nothing in the middle can be
 * changed, removed, added or moved without every later hash being another. Who can write to the database can make all of
 * them anew: a head that was noted elsewhere tells that too.
 */
import { hash } from "node:crypto";
import { sql } from "../store/statement.ts";
import type { Store } from "../store/store.ts";
import { canonicalJson, type JsonValue } from "./canonical-json.ts";
import { EventError } from "./event-error.ts";
import type { ChainLink, EventRow } from "./stored-event.ts";

/** SHA-256 over the hash before (empty for the first), a line end, and the canonical JSON of the row's other columns. */
export function linkHash(row: Omit<EventRow, "hash">, previousHash: string): string {
  const content: JsonValue = {
    actor: row.actor,
    data: row.data === null ? null : (JSON.parse(row.data) as JsonValue),
    dedupeKey: row.dedupe_key,
    id: row.id,
    link: row.link,
    position: row.position,
    severity: row.severity,
    source: row.source,
    subject: row.subject,
    time: row.time,
    type: row.type,
  };
  return hash("sha256", `${previousHash}\n${canonicalJson(content)}`);
}

export interface EventHead {
  readonly position: number;
  readonly link: number;
  readonly hash: string;
  readonly trimmed_link: number;
  readonly trimmed_hash: string;
}

export const selectHead = sql`SELECT position, link, hash, trimmed_link, trimmed_hash FROM event_head`;

export type ChainReport =
  | {
      readonly isWhole: true;
      /** Links that are there. */
      readonly links: number;
      /** The newest, to be noted where whoever writes to the store cannot; number 0 for a chain that has not begun. */
      readonly head: ChainLink;
      /** The newest link that retention took away, 0 when none was. */
      readonly trimmedUpTo: number;
    }
  | {
      readonly isWhole: false;
      /** The first link that is not as it was written. */
      readonly link: number;
      /** The event that stands there now. */
      readonly eventId?: string;
      readonly reason: string;
    };

const pageSize = 1_000;

/**
 * Reads the chain from its beginning, or from where it was trimmed, to where it ended when this was called.
 *
 * @param noted a head of before, which must be part of it
 * @throws EventError `ERR_EVENT_QUERY` when retention has taken the noted link away, so that nothing can be said of it
 */
export async function verifyChain(store: Store, noted?: ChainLink): Promise<ChainReport> {
  const head = await store.first<EventHead & { readonly newest: number | null }>(
    sql`SELECT position, link, hash, trimmed_link, trimmed_hash, (SELECT max(link) FROM events) AS newest FROM event_head`,
  );
  if (head === undefined) return broken(1, "the row that says where the chain ends is gone");
  if (noted !== undefined && noted.number < head.trimmed_link) {
    throw new EventError("ERR_EVENT_QUERY", `the noted link ${noted.number} is older than what retention has kept`);
  }
  let last: ChainLink = { number: head.trimmed_link, hash: head.trimmed_hash };
  let links = 0;
  while (last.number < head.link) {
    const page = await store.all<EventRow>(
      sql`SELECT * FROM events WHERE link > ${last.number} AND link <= ${head.link} ORDER BY link LIMIT ${pageSize}`,
    );
    if (page[0]?.link !== last.number + 1) {
      const trimmed = await trimmedSince(store, last.number);
      if (trimmed === undefined) return broken(last.number + 1, "the event is missing");
      last = trimmed;
      links = 0;
      continue;
    }
    for (const row of page) {
      if (row.link !== last.number + 1) break;
      const reason = fault(row, last.hash);
      if (reason !== undefined) return broken(row.link, reason, row.id);
      last = { number: row.link, hash: row.hash ?? "" };
      links += 1;
      if (last.number === noted?.number && last.hash !== noted.hash) {
        return broken(row.link, "its hash is not the one that was noted", row.id);
      }
    }
  }
  if (last.number === head.link && last.hash !== head.hash)
    return broken(last.number, "the chain ends in another hash");
  if ((head.newest ?? 0) > head.link) return broken(head.link + 1, "it is beyond where the chain ends");
  if (noted !== undefined && noted.number > last.number)
    return broken(noted.number, "the event that was noted is missing");
  return { isWhole: true, links, head: { number: head.link, hash: head.hash }, trimmedUpTo: head.trimmed_link };
}

/** Where the chain begins now, when retention has trimmed it beyond that link meanwhile. */
async function trimmedSince(store: Store, number: number): Promise<ChainLink | undefined> {
  const head = await store.first<EventHead>(selectHead);
  if (head === undefined || head.trimmed_link <= number) return undefined;
  return { number: head.trimmed_link, hash: head.trimmed_hash };
}

function broken(link: number, reason: string, eventId?: string): ChainReport {
  return { isWhole: false, link, reason, ...(eventId === undefined ? {} : { eventId }) };
}

function fault(row: EventRow, previousHash: string): string | undefined {
  try {
    if (row.data !== null && canonicalJson(JSON.parse(row.data) as JsonValue) !== row.data) {
      return "its data is not written as it was";
    }
  } catch {
    return "its data is no JSON";
  }
  return linkHash(row, previousHash) === row.hash
    ? undefined
    : "its hash does not belong to it and the one before: it was changed, or something before it removed or moved";
}

/**
 * What a device sends beyond its limit: accepted, kept, and told in one event. A host that refuses a sender's requests may never
 * be sent them again, and whoever is flooded still has to hear what was the gravest of it.
 */
import { randomUUIDv7 } from "node:crypto";
import {
  type EventLog,
  type NewEvent,
  type Severity,
  type Statement,
  type Store,
  severities,
  sql,
  type Transaction,
} from "@espalier/service";
import { forUpdate, skippingLocked } from "../deliveries/row-lock.ts";

export interface GatheredRequest {
  readonly source: string;
  readonly device: string;
  readonly event: Pick<NewEvent, "type" | "severity" | "subject" | "data">;
  readonly dedupeKey: string;
  readonly dedupeWindowMs: number;
  readonly gatherMs: number;
  readonly receivedMs: number;
}

export interface Gathered {
  /** Of the digest; its event has it in `data.digest`. */
  readonly id: string;
  readonly isDuplicate: boolean;
}

interface DigestRow {
  readonly source: string;
  readonly device: string;
  readonly id: string;
  readonly opened_at: number;
  readonly due_at: number;
  readonly severity: number;
  readonly request_count: number;
  readonly content: string;
}

interface DigestContent {
  readonly types: Record<string, number>;
  readonly newest: readonly {
    readonly time: number;
    readonly type: string;
    readonly severity: Severity;
    readonly data: unknown;
  }[];
}

/** The newest requests are in the digest with what they said; of all others their number is. */
const maxNewest = 20;
const maxTypes = 50;
/** Characters of what one of them said: 20 must fit into an event. */
const maxDataLength = 16_384;
const flushedAtOnce = 50;
const otherTypes = "other";

/** A condition: a request with the dedupe key `claims.key` is in a digest already. For EXISTS PostgreSQL may read the whole table. */
export function isGathered(now: number): Statement {
  return sql`(SELECT digest_id FROM hook_gathered WHERE key = claims.key AND until > ${now}) IS NOT NULL`;
}

/** The id of that digest. */
export async function findDigest(store: Store, dedupeKey: string, now: number): Promise<string | undefined> {
  const row = await store.first<{ readonly digest_id: string }>(
    sql`SELECT digest_id FROM hook_gathered WHERE key = ${dedupeKey} AND until > ${now}`,
  );
  return row?.digest_id;
}

export async function gather(transaction: Transaction, request: GatheredRequest): Promise<Gathered> {
  const { source, device, event, dedupeKey, receivedMs } = request;
  const newId = randomUUIDv7();
  const severity = severities.indexOf(event.severity);
  await transaction.run(
    sql`INSERT INTO hook_digests (source, device, id, opened_at, due_at, severity, request_count, content)
      VALUES (${source}, ${device}, ${newId}, ${receivedMs}, ${receivedMs + request.gatherMs}, ${severity}, 0,
      ${JSON.stringify({ types: {}, newest: [] })}) ON CONFLICT (source, device) DO NOTHING`,
  );
  const row = await transaction.first<DigestRow>(
    sql`SELECT * FROM hook_digests WHERE source = ${source} AND device = ${device}${forUpdate(transaction.database)}`,
  );
  if (row === undefined) throw new TypeError("a digest was lost while it was written");
  const claimed = await transaction.first(
    sql`INSERT INTO hook_gathered (key, digest_id, until) VALUES (${dedupeKey}, ${row.id}, ${receivedMs + request.dedupeWindowMs})
      ON CONFLICT (key) DO UPDATE SET digest_id = excluded.digest_id, until = excluded.until
      WHERE hook_gathered.until <= ${receivedMs} RETURNING key`,
  );
  if (claimed === undefined) {
    const first = await transaction.first<{ readonly digest_id: string }>(
      sql`SELECT digest_id FROM hook_gathered WHERE key = ${dedupeKey}`,
    );
    return { id: first?.digest_id ?? row.id, isDuplicate: true };
  }
  await transaction.run(
    sql`UPDATE hook_digests SET request_count = request_count + 1, severity = ${Math.min(row.severity, severity)},
      content = ${JSON.stringify(withRequest(JSON.parse(row.content) as DigestContent, request))}
      WHERE source = ${source} AND device = ${device}`,
  );
  return { id: row.id, isDuplicate: false };
}

/** Makes the events of the digests whose time has come, once each however many nodes do so. Resolves to how many. */
export async function flushDigests(store: Store, log: EventLog, now: number): Promise<number> {
  const due = await store.first(
    sql`SELECT 1 AS due WHERE EXISTS (SELECT 1 FROM hook_digests WHERE due_at <= ${now})
      OR EXISTS (SELECT 1 FROM hook_gathered WHERE until <= ${now})`,
  );
  if (due === undefined) return 0;
  return store.write(async (transaction) => {
    const rows = await transaction.all<DigestRow>(
      sql`SELECT * FROM hook_digests WHERE due_at <= ${now} ORDER BY due_at LIMIT ${flushedAtOnce}${skippingLocked(transaction.database)}`,
    );
    for (const row of rows) {
      await transaction.run(sql`DELETE FROM hook_digests WHERE id = ${row.id}`);
      // One that nothing but duplicates came for.
      if (row.request_count > 0) await log.appendWith(transaction, digestEvent(row, now));
    }
    await transaction.run(sql`DELETE FROM hook_gathered WHERE until <= ${now}`);
    return rows.length;
  });
}

function withRequest({ types, newest }: DigestContent, { event, receivedMs }: GatheredRequest): DigestContent {
  const type = Object.hasOwn(types, event.type) || Object.keys(types).length < maxTypes ? event.type : otherTypes;
  const text = JSON.stringify(event.data ?? {});
  const data = text.length > maxDataLength ? { cut: text.slice(0, maxDataLength).toWellFormed() } : event.data;
  return {
    types: { ...types, [type]: (types[type] ?? 0) + 1 },
    newest: [...newest, { time: receivedMs, type: event.type, severity: event.severity, data }].slice(-maxNewest),
  };
}

function digestEvent(row: DigestRow, now: number): NewEvent {
  const { types, newest } = JSON.parse(row.content) as DigestContent;
  const { source, device, request_count: requests } = row;
  return {
    type: "hook.digest",
    severity: severities[row.severity] ?? "medium",
    subject: device === "" ? source : device,
    source: `hooks/${source}`,
    data: {
      digest: row.id,
      summary: `${requests} requests beyond the limit of ${device === "" ? source : `${source}/${device}`}`,
      requests,
      ...(device === "" ? {} : { device }),
      from: row.opened_at,
      until: now,
      types,
      newest,
    },
  };
}

/** An event as the log keeps it, and as a row of its table. */
import { z } from "zod";
import { namesSecret, redacted, redactUrls } from "../log/redaction.ts";
import { canonicalJson, type JsonValue } from "./canonical-json.ts";
import { type NewEvent, type Severity, severities } from "./event.ts";
import { EventError } from "./event-error.ts";

export interface StoredEvent extends NewEvent {
  /** UUID version 7, made by the node that reported it. */
  readonly id: string;
  /** Its place in the order of the commits, which has no gaps: where a stream goes on. */
  readonly position: number;
  readonly time: number;
  readonly data?: Readonly<Record<string, JsonValue>>;
  readonly audit: boolean;
  /** Of the audit trail: its place in the chain. */
  readonly link?: ChainLink;
}

export interface ChainLink {
  /** From 1 on, without a gap. */
  readonly number: number;
  /** SHA-256 over the event and the hash of the link before it, in hexadecimal digits. */
  readonly hash: string;
}

/** Dotted, lower case: `backend.down`. */
export const eventType = /^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+$/;

/** Characters. PostgreSQL indexes up to 2,700 bytes, and a character takes three at most. */
const maxSubjectLength = 512;
const maxTypeLength = 100;
const maxSourceLength = 200;
/** Bytes would be dearer to count; this bounds them. */
const maxDataLength = 1_048_576;
const latestTimeMs = 8.64e15;

const newEvent = z.object({
  type: z.string().max(maxTypeLength).regex(eventType, "must be dotted lower-case words such as backend.down"),
  severity: z.enum(severities as [Severity, ...Severity[]]),
  subject: z.string().min(1),
  source: z.string().min(1).max(maxSourceLength),
  actor: z.string().min(1).optional(),
  data: z.record(z.string(), z.unknown()).optional(),
  dedupeKey: z.string().min(1).max(maxSubjectLength).optional(),
  time: z.number().int().min(0).max(latestTimeMs).optional(),
  audit: z.boolean().optional(),
});

/** An event that was checked, but for what only its commit decides. */
export interface CheckedEvent {
  readonly id: string;
  readonly time: number;
  readonly type: string;
  /** Index in {@link severities}. */
  readonly severity: number;
  readonly subject: string;
  readonly source: string;
  readonly actor: string | null;
  /** JSON, canonical in the audit trail. */
  readonly data: string | null;
  readonly dedupeKey: string | null;
  readonly audit: boolean;
}

/** On its way to the store. */
export interface PreparedEvent {
  readonly checked: CheckedEvent;
  /** For how long its dedupe key holds. */
  readonly dedupeWindowMs: number;
}

/**
 * Checks what a service reports. Names that strangers choose must not keep an event out: a subject or actor that is too
 * long is cut, and what a database cannot hold in it is replaced.
 *
 * @throws EventError `ERR_EVENT`
 */
export function checkEvent(event: NewEvent, id: string, now: number): CheckedEvent {
  const { success, data: checked, error } = newEvent.safeParse(event);
  if (!success) {
    const [issue] = error.issues;
    throw new EventError("ERR_EVENT", `${issue?.path.join(".") || "the event"}: ${issue?.message}`);
  }
  return {
    id,
    time: checked.time ?? Math.max(0, Math.trunc(now)),
    type: checked.type,
    severity: severities.indexOf(checked.severity),
    subject: storableText(checked.subject),
    source: storableText(checked.source),
    actor: checked.actor === undefined ? null : storableText(checked.actor),
    data: checked.data === undefined ? null : storableData(checked.data, checked.audit ?? false),
    dedupeKey: checked.dedupeKey === undefined ? null : storableText(checked.dedupeKey),
    audit: checked.audit ?? false,
  };
}

/** PostgreSQL's text has no NUL, and no database has half a surrogate pair. */
function storableText(text: string): string {
  const cut = text.length > maxSubjectLength ? `${text.slice(0, maxSubjectLength - 1)}…` : text;
  return cut.replaceAll("\0", "\ufffd").toWellFormed();
}

/** As it was reported, and canonical in the audit trail. What the log would not show is not stored either. */
function storableData(data: Record<string, unknown>, isAudit: boolean): string {
  let text: string;
  try {
    text = JSON.stringify(data, withoutSecrets);
    if (isAudit) text = canonicalJson(JSON.parse(text) as JsonValue);
  } catch (cause) {
    throw new EventError("ERR_EVENT", `data: is no JSON (${(cause as Error).message})`, { cause });
  }
  if (text.length > maxDataLength) {
    throw new EventError("ERR_EVENT", `data: has ${text.length} characters, of ${maxDataLength} at most`);
  }
  return text;
}

function withoutSecrets(key: string, value: unknown): unknown {
  if (key !== "" && namesSecret(key)) return redacted;
  return typeof value === "string" ? redactUrls(value) : value;
}

/** A row of the table `events`. */
export interface EventRow {
  readonly position: number;
  readonly id: string;
  readonly time: number;
  readonly type: string;
  readonly severity: number;
  readonly subject: string;
  readonly source: string;
  readonly actor: string | null;
  readonly data: string | null;
  readonly dedupe_key: string | null;
  readonly link: number | null;
  readonly hash: string | null;
}

export function eventOfRow(row: EventRow): StoredEvent {
  return {
    id: row.id,
    position: row.position,
    time: row.time,
    type: row.type,
    severity: severities[row.severity]!,
    subject: row.subject,
    source: row.source,
    ...(row.actor === null ? {} : { actor: row.actor }),
    ...(row.data === null ? {} : { data: readData(row.data) }),
    ...(row.dedupe_key === null ? {} : { dedupeKey: row.dedupe_key }),
    audit: row.link !== null,
    ...(row.link === null ? {} : { link: { number: row.link, hash: row.hash ?? "" } }),
  };
}

/** One row that somebody changed by hand must not keep all the others from being read. */
function readData(text: string): Readonly<Record<string, JsonValue>> {
  try {
    return JSON.parse(text) as Record<string, JsonValue>;
  } catch {
    return { unreadable: text };
  }
}

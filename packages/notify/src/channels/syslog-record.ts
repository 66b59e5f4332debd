/** A message as a syslog record, RFC 5424 §6, and its frames on a stream, RFC 6587 §3.4.1. */
import type { Severity } from "@espalier/service";
import type { Message } from "./message.ts";
import { fitText, readableLine, utf8Length } from "./readable.ts";

/** §6.2.1, by the keywords of syslog.conf. */
export const facilities = {
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  authpriv: 10,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;

export type Facility = keyof typeof facilities;

/** critical, error, warning, notice, informational. */
const severities: Readonly<Record<Severity, number>> = { critical: 2, high: 3, medium: 4, low: 5, info: 6 };
const notice = 5;

export interface RecordOrigin {
  readonly facility: Facility;
  readonly hostname: string;
  readonly processId: number;
}

/**
 * One line of at most `maxBytes`. The time is that of the newest event; MSGID is its type. MSG is UTF-8 with its mark (§6.4);
 * the delivery's id stands at its head, so that a record that came twice is known.
 */
export function formatRecord(message: Message, origin: RecordOrigin, maxBytes: number): string {
  const newest = message.events.at(-1)!;
  const severity = message.status === "resolved" ? notice : severities[message.severity];
  const header = [
    `<${facilities[origin.facility] * 8 + severity}>1`,
    new Date(newest.time).toISOString(),
    headerField(origin.hostname, 255),
    "espalier",
    String(origin.processId),
    headerField(newest.type, 32),
    '[origin software="Espalier"]',
  ].join(" ");
  const start = `${header} \ufeffdelivery=${headerField(message.deliveryId, 128)} status=${message.status} `;
  const text = readableLine(`${message.title}: ${message.text}`);
  return `${start}${fitText(text, { limit: maxBytes - utf8Length(start), measure: utf8Length })}`;
}

/** PRINTUSASCII, `-` for nothing. */
function headerField(text: string, maxLength: number): string {
  return text.replaceAll(/[^!-~]/g, "").slice(0, maxLength) || "-";
}

/** Octet counting: the length in bytes, a space, the record. */
export function frame(record: string): Buffer {
  const bytes = Buffer.from(record);
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes]);
}

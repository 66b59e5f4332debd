/** Where a page of events ended, as text that only the log reads. */
import { EventError } from "./event-error.ts";

/** The time and position of the last event of a page: the next one begins after it. */
export interface Cursor {
  readonly time: number;
  readonly position: number;
}

const byteLength = 16;

export function formatCursor({ time, position }: Cursor): string {
  const bytes = Buffer.alloc(byteLength);
  bytes.writeBigUInt64BE(BigInt(time), 0);
  bytes.writeBigUInt64BE(BigInt(position), 8);
  return bytes.toString("base64url");
}

/** @throws EventError `ERR_EVENT_CURSOR` */
export function parseCursor(text: string): Cursor {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.length === byteLength && bytes.toString("base64url") === text) {
    const time = Number(bytes.readBigUInt64BE(0));
    const position = Number(bytes.readBigUInt64BE(8));
    if (Number.isSafeInteger(time) && Number.isSafeInteger(position)) return { time, position };
  }
  throw new EventError("ERR_EVENT_CURSOR", "this is no cursor of the event log");
}

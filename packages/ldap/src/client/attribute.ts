/** Attributes out of text and bytes, for requests. */
import type { PartialAttribute } from "../message/message.ts";

const encoder = new TextEncoder();

/** Text as UTF-8, bytes as they are. */
export function toBytes(value: string | Uint8Array): Uint8Array {
  return typeof value === "string" ? encoder.encode(value) : value;
}

/** `attribute("mail", "a@example.com", "b@example.com")` */
export function attribute(type: string, ...values: readonly (string | Uint8Array)[]): PartialAttribute {
  return { type, values: values.map(toBytes) };
}

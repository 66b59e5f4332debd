/** The envelope of a new LDAPMessage around parts that are encoded already. RFC 4511 §4.1.1, in the fewest octets. */
import { BerTag } from "@espalier/ldap";

/** How many octets the contents of the INTEGER `messageId` are. */
export function idWidth(messageId: number): number {
  return messageId < 0x80 ? 1 : messageId < 0x8000 ? 2 : messageId < 0x800000 ? 3 : 4;
}

/** How many octets tag and length of an element are. */
export function headerBytes(contentBytes: number): number {
  if (contentBytes < 0x80) return 2;
  return contentBytes < 0x100 ? 3 : contentBytes < 0x10000 ? 4 : contentBytes < 0x1000000 ? 5 : 6;
}

/** Writes tag and length at `at` and returns where the contents go. */
export function putHeader(target: Uint8Array, at: number, tag: number, contentBytes: number): number {
  const octets = headerBytes(contentBytes) - 2;
  target[at] = tag;
  target[at + 1] = octets === 0 ? contentBytes : 0x80 | octets;
  for (let shift = (octets - 1) * 8, to = at + 2; shift >= 0; shift -= 8) target[to++] = contentBytes >>> shift;
  return at + 2 + octets;
}

/** Writes the contents of a message id, `width` octets from `at`. */
export function putMessageId(target: Uint8Array, at: number, messageId: number, width: number): void {
  for (let shift = (width - 1) * 8, to = at; shift >= 0; shift -= 8) target[to++] = messageId >>> shift;
}

/** A message with header and id written; the caller fills its last `restBytes`, which are protocolOp and controls. */
export function allocateMessage(messageId: number, restBytes: number): Uint8Array {
  const width = idWidth(messageId);
  const contentBytes = 2 + width + restBytes;
  const message = Buffer.allocUnsafe(headerBytes(contentBytes) + contentBytes);
  const idAt = putHeader(message, 0, BerTag.SEQUENCE, contentBytes);
  message[idAt] = BerTag.INTEGER;
  message[idAt + 1] = width;
  putMessageId(message, idAt + 2, messageId, width);
  return message;
}

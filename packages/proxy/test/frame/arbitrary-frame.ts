/** Any message as a frame somewhere in a buffer. */
import { encodeMessage, type LdapMessage } from "@espalier/ldap";
import fc from "fast-check";
import { anyMessage } from "../../../ldap/test/message/arbitrary.ts";
import type { Frame } from "../../src/frame/frame.ts";
import { readFrame } from "../../src/frame/read-frame.ts";

export { anyControl, anyMessage, anyMessageOf, operations } from "../../../ldap/test/message/arbitrary.ts";

/** From 0 to 2^31-1, of every encoded width. */
export const anyMessageId = fc.oneof(fc.nat(0x7f), fc.nat(0x7fff), fc.nat(0x7fffff), fc.nat(0x7fffffff));

/** The frame of `message`, with `before` bytes in front of it and `after` behind it in the same buffer. */
export function frameOf(message: LdapMessage, before = 0, after = 0): Frame {
  const encoded = encodeMessage(message);
  const bytes = new Uint8Array(before + encoded.length + after).fill(0xa5);
  bytes.set(encoded, before);
  return readFrame(bytes, before, before + encoded.length);
}

export const anyPlacedFrame = fc
  .tuple(anyMessage, anyMessageId, fc.nat(5), fc.nat(5))
  .map(([shape, messageId, before, after]) => {
    const message: LdapMessage = { ...shape, messageId };
    return { message, frame: frameOf(message, before, after) };
  });

/** `30 05 02 01 01`: bytes as hexadecimal with spaces between the elements. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
}

/** Where an LDAPMessage ends in a stream of bytes. RFC 4511 §5.1, §5.2. */
import { SEQUENCE, tagText } from "../ber/tag.ts";
import { ParseError } from "../error.ts";

/**
 * The length in bytes, header included, of the LDAPMessage that starts at `bytes[start]`, or `undefined` while `[start, end)`
 * does not hold its whole header. The contents need not be there yet.
 *
 * @throws ParseError `ERR_BER_TAG` when the first byte is not a SEQUENCE, `ERR_BER_LENGTH` for an indefinite length or one of
 *   more than 4 octets, `ERR_MESSAGE_TOO_LARGE` for more than `maxMessageBytes` in all. The framing is lost: a server sends a
 *   notice of disconnection and closes, a client closes (§4.1.1, §5.3).
 */
export function messageLength(
  bytes: Uint8Array,
  start: number,
  end: number,
  maxMessageBytes: number,
): number | undefined {
  if (start >= end) return undefined;
  const tag = bytes[start]!;
  if (tag !== SEQUENCE) {
    throw new ParseError("ERR_BER_TAG", `An LDAP message begins with tag 0x30 and not with ${tagText(tag)}`, {
      offset: start,
    });
  }
  if (start + 1 >= end) return undefined;
  let headerBytes = 2;
  let contentBytes = bytes[start + 1]!;
  if (contentBytes >= 0x80) {
    const octets = contentBytes & 0x7f;
    if (octets === 0 || octets > 4) {
      throw new ParseError("ERR_BER_LENGTH", "The length of an LDAP message is definite and has at most 4 octets", {
        offset: start + 1,
      });
    }
    headerBytes += octets;
    if (start + headerBytes > end) return undefined;
    contentBytes = 0;
    for (let at = start + 2; at < start + headerBytes; at++) contentBytes = contentBytes * 256 + bytes[at]!;
  }
  const length = headerBytes + contentBytes;
  if (length > maxMessageBytes) {
    throw new ParseError(
      "ERR_MESSAGE_TOO_LARGE",
      `An LDAP message of ${length} bytes is more than the ${maxMessageBytes} allowed`,
      { offset: start },
    );
  }
  return length;
}

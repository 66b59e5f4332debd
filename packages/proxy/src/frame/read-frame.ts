/** The header of an LDAPMessage: its id, and where its protocolOp begins and ends. RFC 4511 §4.1.1, §5.1. */
import { BerTag, ParseError } from "@espalier/ldap";
import type { Frame } from "./frame.ts";

/**
 * Reads the header of the one whole LDAPMessage in `bytes[start, end)`; `messageLength` says where it ends. The contents of
 * the protocolOp and the controls are not looked at.
 *
 * @throws ParseError where there is no message id from 0 to 2^31-1, or no whole protocolOp behind it: the peer does not speak
 *   LDAP, and the connection is to be closed (§4.1.1).
 */
export function readFrame(bytes: Uint8Array, start: number, end: number): Frame {
  const idAt = contentsStart(bytes, start, end, BerTag.SEQUENCE);
  if (contentsEnd(bytes, start, idAt, end) !== end) {
    throw new ParseError("ERR_MESSAGE", "The message does not end where its bytes do", { offset: start });
  }
  const idStart = contentsStart(bytes, idAt, end, BerTag.INTEGER);
  const opStart = contentsEnd(bytes, idAt, idStart, end);
  const idLength = opStart - idStart;
  if (idLength === 0 || idLength > 4 || bytes[idStart]! >= 0x80) {
    throw new ParseError("ERR_BER_VALUE", "A message id is not between 0 and 2147483647", { offset: idStart });
  }
  let messageId = 0;
  for (let at = idStart; at < opStart; at++) messageId = (messageId << 8) | bytes[at]!;
  if (opStart >= end) throw new ParseError("ERR_MESSAGE", "The message has no protocolOp", { offset: opStart });
  const opTag = bytes[opStart]!;
  // Identifiers of several octets: LDAP has none, and their length would be read from the wrong place.
  if ((opTag & 0x1f) === 0x1f) throw unexpectedTag(opTag, opStart);
  const opEnd = contentsEnd(bytes, opStart, contentsStart(bytes, opStart, end, opTag), end);
  return { bytes, start, end, messageId, idStart, idLength, opTag, opStart, opEnd };
}

/** Where the contents of the element at `at` begin. */
function contentsStart(bytes: Uint8Array, at: number, end: number, tag: number): number {
  if (at + 1 >= end) throw truncated(at);
  if (bytes[at] !== tag) throw unexpectedTag(bytes[at]!, at);
  const length = bytes[at + 1]!;
  if (length < 0x80) return at + 2;
  const octets = length & 0x7f;
  if (octets === 0 || octets > 4) {
    throw new ParseError("ERR_BER_LENGTH", "A length is definite and has at most 4 octets", { offset: at + 1 });
  }
  if (at + 2 + octets > end) throw truncated(at);
  return at + 2 + octets;
}

/** Where the contents of the element at `at` end, which begin at `contents`. */
function contentsEnd(bytes: Uint8Array, at: number, contents: number, end: number): number {
  let length = bytes[at + 1]!;
  if (length >= 0x80) {
    length = 0;
    for (let octet = at + 2; octet < contents; octet++) length = length * 256 + bytes[octet]!;
  }
  if (contents + length > end) throw truncated(at);
  return contents + length;
}

function truncated(offset: number): ParseError {
  return new ParseError("ERR_BER_TRUNCATED", "An element of the message ends behind the message", { offset });
}

function unexpectedTag(tag: number, offset: number): ParseError {
  const text = `0x${tag.toString(16).padStart(2, "0")}`;
  return new ParseError("ERR_BER_TAG", `${text} is not the tag that belongs there in an LDAP message`, { offset });
}

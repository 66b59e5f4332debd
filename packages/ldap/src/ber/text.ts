/** UTF-8 text between bytes and strings, for the short strings that LDAP messages are made of. RFC 4511 §4.1.2 (LDAPString). */
import { ParseError } from "../error.ts";

// A byte order mark is a character of the value like any other, hence ignoreBOM.
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8Encoder = new TextEncoder();

/** Below this many bytes a loop over ASCII costs less than a call of TextDecoder (about 150 ns). */
const SHORT_BYTES = 16;

/**
 * The text of `bytes[start, end)`.
 *
 * @throws ParseError `ERR_BER_VALUE` for bytes that are not UTF-8.
 */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start >= SHORT_BYTES) return decodeUtf8(bytes, start, end);
  let text = "";
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const a = bytes[at]!;
    const b = bytes[at + 1]!;
    const c = bytes[at + 2]!;
    const d = bytes[at + 3]!;
    if ((a | b | c | d) > 0x7f) return decodeUtf8(bytes, start, end);
    text += String.fromCharCode(a, b, c, d);
  }
  for (; at < end; at++) {
    const a = bytes[at]!;
    if (a > 0x7f) return decodeUtf8(bytes, start, end);
    text += String.fromCharCode(a);
  }
  return text;
}

function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  try {
    return utf8Decoder.decode(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start));
  } catch (cause) {
    throw new ParseError("ERR_BER_VALUE", "A string is not valid UTF-8; send LDAP strings as UTF-8", {
      offset: start,
      cause,
    });
  }
}

/** The names kept by `decodeName`: their number, a power of two, and the length of the longest. */
const NAME_SLOTS = 512;
const NAME_BYTES = 48;
const names: string[] = new Array<string>(NAME_SLOTS).fill("");

/**
 * As `decodeText`, for the names that every request repeats: attribute descriptions, OIDs, base DNs. The names seen last
 * are kept (at most 512, of at most 48 bytes), which halves the time and gives strings that are already flat and hashed.
 */
export function decodeName(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length > NAME_BYTES) return decodeUtf8(bytes, start, end);
  let hash = length;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
  const slot = (hash ^ (hash >>> 9)) & (NAME_SLOTS - 1);
  const kept = names[slot]!;
  if (kept.length === length) {
    let at = 0;
    while (at < length && kept.charCodeAt(at) === bytes[start + at]) at++;
    if (at === length) return kept;
  }
  const name = decodeText(bytes, start, end);
  // As many UTF-16 units as bytes is ASCII: the comparison above holds for nothing else.
  if (name.length === length) names[slot] = name;
  return name;
}

/** Text as UTF-8 bytes; an unpaired surrogate becomes U+FFFD. */
export function encodeText(text: string): Uint8Array {
  return utf8Encoder.encode(text);
}

/** Writes `text` at `offset` and returns the number of bytes; `target` must have room for three bytes a UTF-16 unit. */
export function writeText(text: string, target: Uint8Array, offset: number): number {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) return utf8Encoder.encodeInto(text, target.subarray(offset)).written;
    target[offset + at] = unit;
  }
  return text.length;
}

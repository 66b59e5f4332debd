/** Writes BER with definite lengths in the fewest octets. X.690 §8; RFC 4511 §5.1. */
import { BOOLEAN, ENUMERATED, INTEGER, NULL, OCTET_STRING } from "./tag.ts";
import { writeText } from "./text.ts";

const INITIAL_BYTES = 1024;
/** Up to this many bytes a loop costs less than `TypedArray.prototype.set`. */
const SHORT_BYTES = 32;

/**
 * One growing buffer. A constructed element is begun with its tag and ended when its contents are written; the one
 * octet kept for its length grows in place where it must.
 *
 * ```ts
 * const start = writer.begin(SEQUENCE);
 * writer.writeText("cn");
 * writer.end(start);
 * ```
 */
export class BerWriter {
  /** The bytes written so far are `buffer[0, length)`. Replaced as it grows and by `take`. */
  buffer: Uint8Array;
  length = 0;

  constructor(initialBytes = INITIAL_BYTES) {
    this.buffer = new Uint8Array(initialBytes);
  }

  /** Forgets what was written and keeps the buffer. */
  reset(): void {
    this.length = 0;
  }

  /** A copy of the bytes written. */
  bytes(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }

  /** The bytes written, not copied; the writer goes on with a new buffer of `nextBytes`. */
  take(nextBytes = INITIAL_BYTES): Uint8Array {
    const taken = this.buffer.subarray(0, this.length);
    this.buffer = new Uint8Array(nextBytes);
    this.length = 0;
    return taken;
  }

  /** Begins a constructed element. Returns what `end` wants. */
  begin(tag: number): number {
    this.#reserve(2);
    this.buffer[this.length] = tag;
    this.length += 2;
    return this.length;
  }

  /** Ends the element whose `begin` returned `start`. */
  end(start: number): void {
    const contentBytes = this.length - start;
    if (contentBytes < 0x80) {
      this.buffer[start - 1] = contentBytes;
      return;
    }
    const octets = lengthOctets(contentBytes);
    this.#reserve(octets);
    this.buffer.copyWithin(start + octets, start, this.length);
    this.length += octets;
    this.#putLength(start - 1, contentBytes, octets);
  }

  /** Tag and length of an element whose contents, `contentBytes` long, are written next. */
  writeHeader(tag: number, contentBytes: number): void {
    this.#reserve(6);
    this.buffer[this.length++] = tag;
    if (contentBytes < 0x80) {
      this.buffer[this.length++] = contentBytes;
      return;
    }
    const octets = lengthOctets(contentBytes);
    this.#putLength(this.length, contentBytes, octets);
    this.length += 1 + octets;
  }

  writeBoolean(value: boolean, tag: number = BOOLEAN): void {
    this.#reserve(3);
    const { buffer, length } = this;
    buffer[length] = tag;
    buffer[length + 1] = 1;
    buffer[length + 2] = value ? 0xff : 0x00;
    this.length = length + 3;
  }

  /** @throws RangeError for anything but an integer from 0 to 2^31-1, the integers of LDAP. */
  writeInteger(value: number, tag: number = INTEGER): void {
    if ((value | 0) !== value || value < 0) throw new RangeError(`${value} is not an integer from 0 to 2147483647`);
    this.#reserve(6);
    const buffer = this.buffer;
    let at = this.length;
    const octets = value < 0x80 ? 1 : value < 0x8000 ? 2 : value < 0x800000 ? 3 : 4;
    buffer[at++] = tag;
    buffer[at++] = octets;
    for (let shift = (octets - 1) * 8; shift >= 0; shift -= 8) buffer[at++] = value >>> shift;
    this.length = at;
  }

  writeEnumerated(value: number, tag: number = ENUMERATED): void {
    this.writeInteger(value, tag);
  }

  writeNull(tag: number = NULL): void {
    this.writeHeader(tag, 0);
  }

  writeOctets(value: Uint8Array, tag: number = OCTET_STRING): void {
    this.writeHeader(tag, value.length);
    this.writeEncoded(value);
  }

  /** `value` as an LDAPString in UTF-8; an unpaired surrogate becomes U+FFFD. RFC 4511 §4.1.2. */
  writeText(value: string, tag: number = OCTET_STRING): void {
    if (value.length * 3 < 0x80) {
      this.#reserve(2 + value.length * 3);
      const start = this.length + 2;
      const written = writeText(value, this.buffer, start);
      this.buffer[start - 2] = tag;
      this.buffer[start - 1] = written;
      this.length = start + written;
      return;
    }
    const start = this.begin(tag);
    this.#reserve(value.length * 3);
    this.length += writeText(value, this.buffer, start);
    this.end(start);
  }

  /** Bytes that are BER already: `bytes[start, end)` as they are. */
  writeEncoded(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const count = end - start;
    this.#reserve(count);
    const buffer = this.buffer;
    let at = this.length;
    if (count <= SHORT_BYTES) {
      for (let from = start; from < end; from++) buffer[at++] = bytes[from]!;
    } else {
      buffer.set(count === bytes.length ? bytes : bytes.subarray(start, end), at);
    }
    this.length += count;
  }

  #reserve(count: number): void {
    if (this.length + count > this.buffer.length) this.#grow(count);
  }

  #grow(count: number): void {
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + count));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }

  /** The long form: how many octets, then the length in them. */
  #putLength(offset: number, contentBytes: number, octets: number): void {
    const buffer = this.buffer;
    let at = offset;
    buffer[at++] = 0x80 | octets;
    for (let shift = (octets - 1) * 8; shift >= 0; shift -= 8) buffer[at++] = contentBytes >>> shift;
  }
}

/** How many octets the long form needs for the length itself. */
function lengthOctets(contentBytes: number): number {
  return contentBytes < 0x100 ? 1 : contentBytes < 0x10000 ? 2 : contentBytes < 0x1000000 ? 3 : 4;
}

/** A writer that made one message larger than this is let go. */
const KEPT_BYTES = 65_536;
let spare: BerWriter | undefined;

/** The bytes that `write` writes, as an array of their own. */
export function encodeBer(write: (writer: BerWriter) => void): Uint8Array {
  // Taken away while in use: `write` may itself encode a value, or throw.
  const writer = spare ?? new BerWriter();
  spare = undefined;
  writer.reset();
  write(writer);
  const bytes = writer.bytes();
  if (writer.buffer.length <= KEPT_BYTES) spare = writer;
  return bytes;
}

/** Reads BER as LDAP restricts it: definite lengths, primitive OCTET STRINGs, single-octet tags. X.690 §8; RFC 4511 §5.1. */
import { ParseError } from "../error.ts";
import { BOOLEAN, ENUMERATED, INTEGER, NULL, OCTET_STRING, tagText } from "./tag.ts";
import { decodeName, decodeText } from "./text.ts";

const NO_BYTES = new Uint8Array(0);

/**
 * A cursor over `bytes[offset, end)`. Every method that reads an element takes the tag it expects, so that IMPLICIT tags
 * read like universal ones, and checks the declared length against `end` before anything is allocated.
 *
 * @throws ParseError from every method: `ERR_BER_TAG` another tag than expected, `ERR_BER_LENGTH` a length that is
 *   indefinite, reserved, longer than 4 octets or wrong for the type, `ERR_BER_TRUNCATED` an element that runs past `end`,
 *   `ERR_BER_VALUE` contents that are not of the type. Its `offset` counts from the start of `bytes`.
 */
export class BerReader {
  readonly bytes: Uint8Array;
  /** Where the next element begins. */
  offset: number;
  /** Where the elements that may be read end: the end of the constructed element that was entered last. */
  end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`[${start}, ${end}) is not a part of ${bytes.length} bytes`);
    }
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
  }

  /** Whether another element follows in the constructed element that was entered last. */
  get more(): boolean {
    return this.offset < this.end;
  }

  /** The tag of the next element, or -1 when none follows. */
  peek(): number {
    return this.offset < this.end ? this.bytes[this.offset]! : -1;
  }

  /**
   * Goes into a constructed element: `end` becomes its end. Returns what `leave` wants.
   *
   * ```ts
   * const outer = reader.enter(SEQUENCE);
   * const name = reader.readText(OCTET_STRING);
   * reader.leave(outer);
   * ```
   */
  enter(tag: number): number {
    const outer = this.end;
    this.end = this.readHeader(tag);
    return outer;
  }

  /** Goes past the element entered, skipping the trailing components that RFC 4511 §4 has us ignore. */
  leave(outer: number): void {
    while (this.offset < this.end) this.skip();
    this.end = outer;
  }

  /** Reads a tag and a length, moves to the contents and returns where they end. */
  readHeader(tag: number): number {
    const bytes = this.bytes;
    const at = this.offset;
    if (at >= this.end) throw this.#truncated(at, `expected tag ${tagText(tag)}`);
    const found = bytes[at]!;
    if (found !== tag) {
      throw new ParseError("ERR_BER_TAG", `Expected tag ${tagText(tag)} and found ${tagText(found)}`, { offset: at });
    }
    // The short form of nearly every element; the rest is #readLength.
    if (at + 1 < this.end) {
      const length = bytes[at + 1]!;
      if (length < 0x80) {
        const end = at + 2 + length;
        if (end > this.end) throw this.#truncated(at, `${length} octets of contents announced`);
        this.offset = at + 2;
        return end;
      }
    }
    this.offset = at + 1;
    return this.#readLength(at);
  }

  /** Goes past one element of any tag, also one of several octets; its contents are not looked at. */
  skip(): void {
    const at = this.offset;
    if (at >= this.end) throw this.#truncated(at, "expected an element");
    this.offset = at + 1;
    if ((this.bytes[at]! & 0x1f) === 0x1f) {
      do {
        if (this.offset >= this.end) throw this.#truncated(at, "the tag is not complete");
      } while ((this.bytes[this.offset++]! & 0x80) !== 0);
    }
    this.offset = this.#readLength(at);
  }

  /** BOOLEAN: any octet but zero is true. X.690 §8.2; RFC 4511 §5.1 asks only encoders for 0xFF. */
  readBoolean(tag: number = BOOLEAN): boolean {
    const at = this.offset;
    const end = this.readHeader(tag);
    if (end - this.offset !== 1) throw this.#badLength(at, "a BOOLEAN has one octet of contents");
    return this.bytes[this.offset++] !== 0;
  }

  /** INTEGER (0 .. maxInt): every integer of LDAP is from 0 to 2^31-1. RFC 4511 §4.1.1. */
  readInteger(tag: number = INTEGER): number {
    const bytes = this.bytes;
    const at = this.offset;
    const end = this.readHeader(tag);
    const length = end - this.offset;
    if (length === 1) {
      const value = bytes[this.offset]!;
      if (value < 0x80) {
        this.offset = end;
        return value;
      }
    }
    if (length === 0) throw this.#badLength(at, "an INTEGER has at least one octet of contents");
    if (length > 4 || bytes[this.offset]! >= 0x80) {
      throw new ParseError("ERR_BER_VALUE", "An integer is not between 0 and 2147483647", { offset: at });
    }
    let value = 0;
    while (this.offset < end) value = (value << 8) | bytes[this.offset++]!;
    return value;
  }

  /** ENUMERATED: as INTEGER. Which values are known is the caller's to say. */
  readEnumerated(tag: number = ENUMERATED): number {
    return this.readInteger(tag);
  }

  readNull(tag: number = NULL): void {
    const at = this.offset;
    if (this.readHeader(tag) !== this.offset) throw this.#badLength(at, "a NULL has no contents");
  }

  /** OCTET STRING, as a view into `bytes` where it is not empty: copy what outlives the buffer. */
  readOctets(tag: number = OCTET_STRING): Uint8Array {
    const end = this.readHeader(tag);
    const start = this.offset;
    this.offset = end;
    if (start === end) return NO_BYTES;
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, end - start);
  }

  /** An OCTET STRING that is an LDAPString: UTF-8. RFC 4511 §4.1.2. */
  readText(tag: number = OCTET_STRING): string {
    const end = this.readHeader(tag);
    const start = this.offset;
    this.offset = end;
    return decodeText(this.bytes, start, end);
  }

  /** As `readText`, for names that come again and again (attribute descriptions, OIDs, base DNs): see `decodeName`. */
  readName(tag: number = OCTET_STRING): string {
    const end = this.readHeader(tag);
    const start = this.offset;
    this.offset = end;
    return decodeName(this.bytes, start, end);
  }

  /** What is left up to `end`, as text that has no tag and length of its own: some control values are. */
  readRemainingText(): string {
    const start = this.offset;
    this.offset = this.end;
    return decodeText(this.bytes, start, this.end);
  }

  /** Reads the length at `offset` of the element that began at `elementStart`; returns the end of its contents. */
  #readLength(elementStart: number): number {
    const bytes = this.bytes;
    if (this.offset >= this.end) throw this.#truncated(elementStart, "the length is missing");
    let length = bytes[this.offset++]!;
    if (length >= 0x80) {
      let octets = length & 0x7f;
      if (octets === 0) throw this.#badLength(elementStart, "the indefinite form is not allowed in LDAP");
      if (octets > 4) throw this.#badLength(elementStart, `a length of ${octets} octets; at most 4 are read`);
      if (this.offset + octets > this.end) throw this.#truncated(elementStart, "the length is not complete");
      length = 0;
      for (; octets > 0; octets--) length = length * 256 + bytes[this.offset++]!;
    }
    const end = this.offset + length;
    if (end > this.end) throw this.#truncated(elementStart, `${length} octets of contents announced`);
    return end;
  }

  #truncated(offset: number, what: string): ParseError {
    return new ParseError(
      "ERR_BER_TRUNCATED",
      `The element ends too early: ${what}, ${this.end - offset} octets left`,
      {
        offset,
      },
    );
  }

  #badLength(offset: number, what: string): ParseError {
    return new ParseError("ERR_BER_LENGTH", `The length is not usable: ${what}`, { offset });
  }
}

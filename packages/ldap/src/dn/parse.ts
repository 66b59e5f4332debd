/**
 * Reads distinguished names, RFC 4514 §3, and what RFC 2253 §4 has receivers let through: spaces around `,` `+` `=`, `;`
 * between RDNs, values in quotes, and `OID.` before a numericoid.
 */

import { ParseError } from "../error.ts";
import { isDescr, isNumericOid } from "../schema/attribute-description.ts";
import type { Ava, Dn, Rdn } from "./dn.ts";

/** @throws {ParseError} `ERR_DN`, with the offset in `text`. */
export function parseDn(text: string): Dn {
  if (text === "") return [];
  const reader = new DnReader(text);
  const rdns: Rdn[] = [];
  do rdns.push(reader.rdn());
  while (reader.skip(",") || reader.skip(";"));
  reader.expectEnd();
  return rdns;
}

/**
 * One RDN, as the new RDN of a Modify DN operation.
 *
 * @throws {ParseError} `ERR_DN`
 */
export function parseRdn(text: string): Rdn {
  const reader = new DnReader(text);
  const rdn = reader.rdn();
  reader.expectEnd();
  return rdn;
}

class DnReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  expectEnd(): void {
    this.#skipSpaces();
    if (this.#at < this.#text.length) throw dnError(`expected , or the end, not ${this.#text[this.#at]}`, this.#at);
  }

  /** Steps over `separator` and spaces before it. */
  skip(separator: string): boolean {
    this.#skipSpaces();
    if (this.#text[this.#at] !== separator) return false;
    this.#at++;
    return true;
  }

  rdn(): Rdn {
    const avas: Ava[] = [this.#ava()];
    while (this.skip("+")) avas.push(this.#ava());
    return avas;
  }

  #ava(): Ava {
    const type = this.#type();
    if (!this.skip("=")) throw dnError(`expected = behind ${type}`, this.#at);
    this.#skipSpaces();
    switch (this.#text[this.#at]) {
      case "#":
        return { type, value: this.#hexString() };
      case '"':
        return { type, value: this.#quoted() };
      default:
        return { type, value: this.#string() };
    }
  }

  #type(): string {
    this.#skipSpaces();
    const start = this.#at;
    while (this.#at < this.#text.length && isTypeCharacter(this.#text.charCodeAt(this.#at))) this.#at++;
    const word = this.#text.slice(start, this.#at);
    const type = /^oid\.[0-9]/i.test(word) ? word.slice(4) : word;
    if (!isDescr(type) && !isNumericOid(type))
      throw dnError(word === "" ? "expected an attribute type" : `${word} is not an attribute type`, start);
    return type;
  }

  #hexString(): Uint8Array {
    const start = ++this.#at;
    while (hexDigit(this.#text.charCodeAt(this.#at)) !== undefined) this.#at++;
    const digits = this.#text.slice(start, this.#at);
    if (digits.length === 0 || digits.length % 2 === 1)
      throw dnError(
        "# must be followed by pairs of hexadecimal digits; a # at the start of a value is written \\#",
        start,
      );
    return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
      Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
    );
  }

  #quoted(): string {
    const start = this.#at++;
    const value = new ValueBuilder(this.#text, this.#at);
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) throw dnError('a quoted value is never closed: add "', start);
      if (character === '"') {
        this.#at++;
        return value.finish(this.#at - 1);
      }
      this.#at = character === "\\" ? value.escape(this.#at) : this.#at + 1;
    }
  }

  #string(): string {
    const value = new ValueBuilder(this.#text, this.#at);
    // Spaces at the end belong to the value only when escaped.
    let end = this.#at;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined || character === "," || character === ";" || character === "+") break;
      if (character === '"' || character === "<" || character === ">" || character === "\0")
        throw dnError(`${character === "\0" ? "NUL" : character} must be escaped in a value`, this.#at);
      this.#at = character === "\\" ? value.escape(this.#at) : this.#at + 1;
      if (character !== " ") end = this.#at;
    }
    return value.finish(end);
  }

  #skipSpaces(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++;
  }
}

/** Collects a value: stretches of text as they stand, and escaped characters, which may be bytes of UTF-8 one by one. */
class ValueBuilder {
  readonly #text: string;
  readonly #start: number;
  #plainStart: number;
  #value = "";
  #pendingBytes: number[] = [];

  constructor(text: string, start: number) {
    this.#text = text;
    this.#start = start;
    this.#plainStart = start;
  }

  /** Takes the escape sequence that starts at `at` and gives the offset behind it. */
  escape(at: number): number {
    if (this.#plainStart < at) this.#appendPlain(at);
    const high = hexDigit(this.#text.charCodeAt(at + 1));
    if (high !== undefined) {
      const low = hexDigit(this.#text.charCodeAt(at + 2));
      if (low === undefined) throw dnError("a \\ and a hexadecimal digit must be followed by another one", at);
      this.#pendingBytes.push(high * 16 + low);
      this.#plainStart = at + 3;
    } else {
      const escaped = this.#text[at + 1];
      if (escaped === undefined || !escapable.includes(escaped))
        throw dnError('\\ must be followed by two hexadecimal digits or one of \\ " + , ; < > # = or a space', at);
      this.#decodePending();
      this.#value += escaped;
      this.#plainStart = at + 2;
    }
    return this.#plainStart;
  }

  finish(end: number): string {
    if (this.#plainStart < end) this.#appendPlain(end);
    this.#decodePending();
    return this.#value;
  }

  #appendPlain(end: number): void {
    this.#decodePending();
    this.#value += this.#text.slice(this.#plainStart, end);
  }

  #decodePending(): void {
    if (this.#pendingBytes.length === 0) return;
    try {
      this.#value += utf8.decode(Uint8Array.from(this.#pendingBytes));
    } catch (cause) {
      throw new ParseError("ERR_DN", "escaped bytes must be UTF-8; write other values as # and the hexadecimal BER", {
        offset: this.#start,
        cause,
      });
    }
    this.#pendingBytes = [];
  }
}

const escapable = '\\"+,;<># =';
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isTypeCharacter(unit: number): boolean {
  return (
    (unit >= 0x61 && unit <= 0x7a) ||
    (unit >= 0x41 && unit <= 0x5a) ||
    (unit >= 0x30 && unit <= 0x39) ||
    unit === 0x2d ||
    unit === 0x2e ||
    unit === 0x5f
  );
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d;
}

function hexDigit(unit: number): number | undefined {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : undefined;
}

function dnError(message: string, offset: number): ParseError {
  return new ParseError("ERR_DN", message, { offset });
}

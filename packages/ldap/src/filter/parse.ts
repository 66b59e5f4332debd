/** Reads search filters in the string form of RFC 4515 §3, with absolute true `(&)` and false `(|)` of RFC 4526. */

import { encodeText } from "../ber/text.ts";
import { ParseError, type ParseErrorCode } from "../error.ts";
import { isAttributeType, parseAttributeDescription } from "../schema/attribute-description.ts";
import type { Filter } from "./filter.ts";

/** `maxDepth` counts nested `&`, `|` and `!`; `maxItems` counts every filter inside, and itself. */
export interface FilterLimits {
  readonly maxDepth: number;
  readonly maxItems: number;
}

export const defaultFilterLimits: FilterLimits = { maxDepth: 100, maxItems: 10_000 };

/**
 * Spaces are let through around a filter and between the filters of a set, where people break long ones; inside an item
 * they are part of it. An item alone may come without its parentheses, as OpenLDAP's tools take it: `uid=ann`.
 *
 * @throws {ParseError} `ERR_FILTER` with the offset in `text`; `ERR_FILTER_LIMIT`
 */
export function parseFilter(text: string, limits: FilterLimits = defaultFilterLimits): Filter {
  const reader = new FilterReader(text, limits);
  return reader.filter();
}

class FilterReader {
  readonly #text: string;
  readonly #limits: FilterLimits;
  #at = 0;
  #items = 0;

  constructor(text: string, limits: FilterLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  filter(): Filter {
    this.#skipSpaces();
    const isBare = this.#text[this.#at] !== "(" && this.#at < this.#text.length;
    const filter = isBare ? this.#item(this.#text.length) : this.#parenthesized(0);
    this.#skipSpaces();
    if (this.#at < this.#text.length) throw filterError("the filter goes on behind its closing parenthesis", this.#at);
    return filter;
  }

  #parenthesized(depth: number): Filter {
    if (depth > this.#limits.maxDepth)
      throw filterError(`a filter may be nested ${this.#limits.maxDepth} deep`, this.#at, "ERR_FILTER_LIMIT");
    if (this.#text[this.#at] !== "(") throw filterError("expected (", this.#at);
    const open = this.#at++;
    const filter = this.#content(depth);
    if (this.#text[this.#at] !== ")") throw filterError("( is never closed: add )", open);
    this.#at++;
    return filter;
  }

  #content(depth: number): Filter {
    switch (this.#text[this.#at]) {
      case "&":
        this.#count();
        this.#at++;
        return { type: "and", filters: this.#set(depth) };
      case "|":
        this.#count();
        this.#at++;
        return { type: "or", filters: this.#set(depth) };
      case "!": {
        this.#count();
        this.#at++;
        this.#skipSpaces();
        const filter = this.#parenthesized(depth + 1);
        this.#skipSpaces();
        return { type: "not", filter };
      }
      default:
        return this.#item(this.#endOfItem());
    }
  }

  #set(depth: number): Filter[] {
    const filters: Filter[] = [];
    this.#skipSpaces();
    while (this.#text[this.#at] === "(") {
      filters.push(this.#parenthesized(depth + 1));
      this.#skipSpaces();
    }
    return filters;
  }

  /** The closing parenthesis; one inside a value is escaped (`\29`). */
  #endOfItem(): number {
    const end = this.#text.indexOf(")", this.#at);
    if (end === -1) throw filterError("( is never closed: add )", this.#at - 1);
    return end;
  }

  #item(end: number): Filter {
    this.#count();
    const start = this.#at;
    const equals = this.#text.indexOf("=", start);
    if (equals === -1 || equals >= end)
      throw filterError("expected an attribute, = and a value, as in (uid=ann)", start);
    this.#at = end;
    switch (this.#text[equals - 1]) {
      case ">":
        return this.#assertion("greaterOrEqual", start, equals, end);
      case "<":
        return this.#assertion("lessOrEqual", start, equals, end);
      case "~":
        return this.#assertion("approxMatch", start, equals, end);
      case ":":
        return this.#extensible(start, equals, end);
      default:
        return this.#equalityPresenceOrSubstrings(start, equals, end);
    }
  }

  #assertion(
    type: "greaterOrEqual" | "lessOrEqual" | "approxMatch",
    start: number,
    equals: number,
    end: number,
  ): Filter {
    return { type, attribute: this.#attribute(start, equals - 1), value: this.#value(equals + 1, end) };
  }

  #equalityPresenceOrSubstrings(start: number, equals: number, end: number): Filter {
    const attribute = this.#attribute(start, equals);
    let star = this.#text.indexOf("*", equals);
    if (star === -1 || star >= end) return { type: "equalityMatch", attribute, value: this.#value(equals + 1, end) };
    if (star === equals + 1 && star === end - 1) return { type: "present", attribute };
    const pieces: Uint8Array[] = [];
    let pieceStart = equals + 1;
    for (; star !== -1 && star < end; star = this.#text.indexOf("*", pieceStart)) {
      pieces.push(this.#value(pieceStart, star));
      pieceStart = star + 1;
    }
    const [initial, ...any] = pieces;
    const final = this.#value(pieceStart, end);
    const inner = any.filter((piece) => piece.length > 0);
    // `(cn=**)`, which the grammar does not have, asks for nothing but presence.
    if (initial?.length === 0 && inner.length === 0 && final.length === 0) return { type: "present", attribute };
    return {
      type: "substrings",
      attribute,
      initial: initial === undefined || initial.length === 0 ? undefined : initial,
      any: inner,
      final: final.length === 0 ? undefined : final,
    };
  }

  /** `attr:dn:rule:=value`, where `attr` or `rule` must be there. */
  #extensible(start: number, equals: number, end: number): Filter {
    const [description = "", ...rest] = this.#text.slice(start, equals - 1).split(":");
    const dnAttributes = rest[0]?.toLowerCase() === "dn";
    if (dnAttributes) rest.shift();
    const [matchingRule, surplus] = rest;
    if (surplus !== undefined) throw filterError("an extensible match is written attribute:dn:rule:=value", start);
    if (description === "" && matchingRule === undefined)
      throw filterError("an extensible match needs an attribute, a matching rule or both", start);
    if (matchingRule !== undefined && !isAttributeType(matchingRule))
      throw filterError(`${matchingRule} is not the name or OID of a matching rule`, start);
    return {
      type: "extensibleMatch",
      matchingRule,
      attribute: description === "" ? undefined : this.#attribute(start, start + description.length),
      value: this.#value(equals + 1, end),
      dnAttributes,
    };
  }

  #attribute(start: number, end: number): string {
    const description = this.#text.slice(start, end);
    if (parseAttributeDescription(description) === undefined)
      throw filterError(
        description === "" ? "expected an attribute description" : `${description} is not an attribute description`,
        start,
      );
    return description;
  }

  #value(start: number, end: number): Uint8Array {
    const raw = this.#text.slice(start, end);
    for (const sign of ["(", ")", "*", "\0"]) {
      const at = raw.indexOf(sign);
      if (at !== -1) throw filterError(`${sign === "\0" ? "NUL" : sign} must be escaped in a value`, start + at);
    }
    return raw.includes("\\") ? unescapeValue(raw, start) : encodeText(raw);
  }

  #count(): void {
    this.#items++;
    if (this.#items > this.#limits.maxItems)
      throw filterError(`a filter may have ${this.#limits.maxItems} parts`, this.#at, "ERR_FILTER_LIMIT");
  }

  #skipSpaces(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at++;
  }
}

/** RFC 4515 §3: a backslash and two hexadecimal digits are one byte. */
function unescapeValue(raw: string, offset: number): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0; at < raw.length; ) {
    const backslash = raw.indexOf("\\", at);
    const end = backslash === -1 ? raw.length : backslash;
    for (const byte of encodeText(raw.slice(at, end))) bytes.push(byte);
    if (backslash === -1) break;
    const digits = raw.slice(backslash + 1, backslash + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(digits))
      throw filterError(
        "\\ must be followed by two hexadecimal digits; a backslash itself is \\5c",
        offset + backslash,
      );
    bytes.push(Number.parseInt(digits, 16));
    at = backslash + 3;
  }
  return Uint8Array.from(bytes);
}

function filterError(message: string, offset: number, code: ParseErrorCode = "ERR_FILTER"): ParseError {
  return new ParseError(code, message, { offset });
}

/** Words, quoted strings and signs of a schema definition, RFC 4512 §4.1. */
import { ParseError } from "../error.ts";

export type DefinitionToken =
  | { readonly type: "open" | "close" | "dollar"; readonly offset: number }
  | { readonly type: "word" | "quoted"; readonly text: string; readonly offset: number };

const signs = new Map([
  ["(", "open"],
  [")", "close"],
  ["$", "dollar"],
] as const);

/** @throws {ParseError} `ERR_SCHEMA` for a quote that is never closed. */
export function tokenizeDefinition(text: string): readonly DefinitionToken[] {
  const tokens: DefinitionToken[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at] as string;
    const sign = signs.get(character as "(" | ")" | "$");
    if (isSpace(character)) {
      at++;
    } else if (sign !== undefined) {
      tokens.push({ type: sign, offset: at++ });
    } else if (character === "'") {
      const end = endOfQuoted(text, at + 1);
      tokens.push({ type: "quoted", text: unescapeQuoted(text.slice(at + 1, end)), offset: at });
      at = end + 1;
    } else {
      let end = at + 1;
      while (end < text.length && !isWordEnd(text[end] as string)) end++;
      tokens.push({ type: "word", text: text.slice(at, end), offset: at });
      at = end;
    }
  }
  return tokens;
}

/**
 * The offset of the closing quote. An apostrophe before a letter or digit is text ("the user's name"): the RFC wants it
 * written `\27`, but descriptions of real servers do not. Before a keyword it closes, for `NAME 'a'DESC 'b'`.
 */
function endOfQuoted(text: string, start: number): number {
  for (let at = text.indexOf("'", start); at !== -1; at = text.indexOf("'", at + 1)) {
    if (!startsWithAlphanumeric.test(text.slice(at + 1, at + 2)) || startsWithKeyword.test(text.slice(at + 1, at + 32)))
      return at;
  }
  throw new ParseError("ERR_SCHEMA", "a quoted string is never closed: add '", { offset: start - 1 });
}

const startsWithAlphanumeric = /^[A-Za-z0-9]/;
const startsWithKeyword = /^(?:[A-Z]{2,}|X-[A-Z]+)(?:-[A-Z]+)*[\s('$)]/;

/** RFC 4512 §4.1: `\27` is an apostrophe and `\5C` a backslash; any other backslash stands for itself. */
function unescapeQuoted(text: string): string {
  return text.includes("\\") ? text.replaceAll(/\\(27|5[Cc])/g, (_, hex) => (hex === "27" ? "'" : "\\")) : text;
}

function isSpace(character: string): boolean {
  return character === " " || character === "\t" || character === "\n" || character === "\r";
}

function isWordEnd(character: string): boolean {
  return isSpace(character) || character === "'" || signs.has(character as "(" | ")" | "$");
}

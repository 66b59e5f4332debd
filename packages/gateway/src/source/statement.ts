/**
 * One of the operator's queries, taken apart at its placeholders.
 *
 * A `?` is a placeholder except in a string literal, a quoted name, a comment or a dollar quote, by the lexical rules of
 * the dialect. Each placeholder stands for the username and becomes a parameter of its own, so that the database infers
 * its type from the place where it stands, as it did for the literal that the replaced system wrote there.
 *
 * PostgreSQL has operators that contain `?` (jsonb): write `jsonb_exists`, `jsonb_exists_any` and `jsonb_exists_all` in
 * the two queries that take a username.
 */
import type { Dialect } from "./source.ts";

/** The text around the placeholders: one part more than there are placeholders. */
export class Statement {
  readonly parts: readonly string[];
  constructor(parts: readonly string[]) {
    this.parts = parts;
  }

  get placeholders(): number {
    return this.parts.length - 1;
  }

  /** The query with `parameter(0)`, `parameter(1)`… in the places of the placeholders. */
  text(parameter: (index: number) => string): string {
    return this.parts.reduce((text, part, index) => text + parameter(index - 1) + part);
  }
}

/** For a query that takes no username: a `?` in it is an operator, and stays. */
export function asWritten(): string {
  return "?";
}

/** Takes a query apart. Semicolons and comments at its end are left out, so that it can stand in a larger statement. */
export function parseStatement(sql: string, dialect: Dialect): Statement {
  const parts: string[] = [];
  let partStart = 0;
  let codeEnd = 0;
  for (let at = 0; at < sql.length; ) {
    const { kind, end } = nextToken(sql, at, lexicons[dialect]);
    if (kind === "placeholder") {
      parts.push(sql.slice(partStart, at));
      partStart = end;
    }
    if (kind !== "blank" && kind !== "semicolon") codeEnd = end;
    at = end;
  }
  parts.push(sql.slice(partStart, codeEnd));
  return new Statement(parts);
}

type Kind = "blank" | "semicolon" | "placeholder" | "opaque" | "code";
type Lexicon = readonly (readonly [Kind, RegExp | ((sql: string, start: number) => number | undefined)])[];

function nextToken(sql: string, start: number, lexicon: Lexicon): { kind: Kind; end: number } {
  for (const [kind, pattern] of lexicon) {
    if (typeof pattern === "function") {
      const end = pattern(sql, start);
      if (end !== undefined) return { kind, end };
    } else {
      pattern.lastIndex = start;
      if (pattern.test(sql)) return { kind, end: pattern.lastIndex };
    }
  }
  return { kind: "code", end: start + 1 };
}

// What is not terminated reaches to the end of the text; the server says what is wrong with it.
const blanks = /\s+/y;
const semicolon = /;/y;
const placeholder = /\?/y;
const singleQuoted = /'(?:[^']|'')*(?:'|$)/y;
const doubleQuoted = /"(?:[^"]|"")*(?:"|$)/y;
const backQuoted = /`(?:[^`]|``)*(?:`|$)/y;
const flatComment = /\/\*.*?(?:\*\/|$)/sy;

/** PostgreSQL's comments nest. */
function nestedComment(sql: string, start: number): number | undefined {
  if (!sql.startsWith("/*", start)) return undefined;
  const mark = /\/\*|\*\//g;
  mark.lastIndex = start;
  let depth = 0;
  for (let found = mark.exec(sql); found !== null; found = mark.exec(sql)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return sql.length;
}

const mysqlLexicon: Lexicon = [
  ["blank", blanks],
  // Two hyphens begin a comment only before a blank.
  ["blank", /--(?=\s|$)[^\n]*/y],
  ["blank", /#[^\n]*/y],
  // A comment whose text is executed, or not, by version: left to the server as it stands.
  ["opaque", /\/\*M?!.*?(?:\*\/|$)/sy],
  ["blank", flatComment],
  ["opaque", /'(?:[^'\\]|\\.|'')*(?:'|\\?$)/sy],
  ["opaque", /"(?:[^"\\]|\\.|"")*(?:"|\\?$)/sy],
  ["opaque", backQuoted],
  ["semicolon", semicolon],
  ["placeholder", placeholder],
];

const lexicons: Readonly<Record<Dialect, Lexicon>> = {
  postgres: [
    ["blank", blanks],
    ["blank", /--[^\n\r]*/y],
    ["blank", nestedComment],
    ["opaque", /[eE]'(?:[^'\\]|\\.|'')*(?:'|\\?$)/sy],
    // Whole words, so that the end of a name is not taken for the E of E'…', nor the $ within it for a dollar quote.
    ["opaque", /[\w\u0080-\uffff][\w$\u0080-\uffff]*/y],
    ["opaque", /(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$).*?(?:\1|$)/sy],
    ["opaque", singleQuoted],
    ["opaque", doubleQuoted],
    ["semicolon", semicolon],
    ["placeholder", placeholder],
  ],
  mysql: mysqlLexicon,
  mariadb: mysqlLexicon,
  sqlite: [
    ["blank", blanks],
    ["blank", /--[^\n]*/y],
    ["blank", flatComment],
    ["opaque", singleQuoted],
    ["opaque", doubleQuoted],
    ["opaque", backQuoted],
    ["opaque", /\[[^\]]*(?:\]|$)/y],
    ["semicolon", semicolon],
    // SQLite's own form has a number: ?1.
    ["placeholder", /\?\d*/y],
  ],
};

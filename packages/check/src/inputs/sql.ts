/** SQL files as far as passwords go: the literals that give an account its password. MySQL, MariaDB and PostgreSQL. */
import { defineFormat } from "./format.ts";
import type { Location, SourceFile } from "./source-file.ts";

export interface SqlFile {
  readonly file: SourceFile;
  readonly passwords: readonly SqlPassword[];
}

export interface SqlPassword {
  /** `IDENTIFIED BY '…'` is MySQL's and MariaDB's, `PASSWORD '…'` PostgreSQL's. */
  readonly dialect: "mysql" | "postgresql";
  /** The account, where the statement names it before the password. */
  readonly account: string | undefined;
  /** Without quotes. Never shown. */
  readonly value: string;
  /** Of the literal with its quotes. */
  readonly location: Location;
}

export const sqlFormat = defineFormat({
  kind: "sql",
  recognizes: ({ path }) => /\.sql$/i.test(path),
  parse: (file) => [{ file, passwords: [...passwordsIn(file)] }],
});

/** Comments, quoted names, strings, dollar-quoted bodies, words, and any other character. */
const token =
  /(?<comment>--[^\n]*|#[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<string>'(?:[^'\\]|''|\\[\s\S])*(?:'|$))|(?<quoted>"(?:[^"]|"")*(?:"|$)|`[^`]*(?:`|$))|(?<body>\$(?<tag>\w*)\$[\s\S]*?(?:\$\k<tag>\$|$))|(?<word>[\p{L}_][\p{L}\p{N}_$]*)|\S/gu;

interface Token {
  readonly kind: "string" | "quoted" | "word" | "other";
  readonly text: string;
  readonly start: number;
}

function* passwordsIn(file: SourceFile): Generator<SqlPassword> {
  let statement: Token[] = [];
  for (const { 0: text, index: start, groups = {} } of file.text.matchAll(token)) {
    if (groups.comment !== undefined) continue;
    const kind =
      groups.string === undefined
        ? groups.quoted === undefined
          ? groups.word === undefined
            ? "other"
            : "word"
          : "quoted"
        : "string";
    if (text === ";") {
      statement = [];
      continue;
    }
    statement.push({ kind, text, start });
    if (kind !== "string") continue;
    const dialect = dialectBefore(statement);
    if (dialect === undefined) continue;
    const value = text.slice(1, -1).replaceAll("''", "'");
    if (isHash(value)) continue;
    yield { dialect, account: accountOf(statement), value, location: file.locate(start, start + text.length) };
  }
}

/** What the words before the string, the last token, say that it is. */
function dialectBefore(statement: readonly Token[]): SqlPassword["dialect"] | undefined {
  const before = statement
    .slice(-6, -1)
    .map(({ kind, text }) => (kind === "word" ? text.toUpperCase() : kind === "other" ? text : "?"))
    .join(" ");
  if (/ USING PASSWORD \($|(?:^| )IDENTIFIED (?:(?:WITH|VIA) \S+ )?BY$/.test(before)) return "mysql";
  const [first, second] = statement.slice(0, 2).map(({ text }) => text.toUpperCase());
  if (first === "SET" && second === "PASSWORD" && / =(?: PASSWORD \()?$/.test(before)) return "mysql";
  const isOfRole = statement.some(({ text }) => /^(?:ROLE|USER|GROUP)$/i.test(text));
  return (first === "CREATE" || first === "ALTER") && isOfRole && / PASSWORD$/.test(before) ? "postgresql" : undefined;
}

function accountOf(statement: readonly Token[]): string | undefined {
  const at = statement.findIndex(({ text }) => /^(?:ROLE|USER|FOR|TO)$/i.test(text));
  if (at < 0) return undefined;
  const name = statement.slice(at + 1).find(({ text }) => !/^(?:IF|NOT|EXISTS)$/i.test(text));
  if (name === undefined || name === statement.at(-1)) return undefined;
  return name.kind === "word" ? name.text : name.text.slice(1, -1);
}

/** What PostgreSQL and MySQL take for a hash already: no password can be read from it at once. */
function isHash(value: string): boolean {
  return /^(?:md5[0-9a-f]{32}|SCRAM-SHA-256\$.*|\*[0-9A-F]{40}|\$A\$.*)$/.test(value);
}

/**
 * Values in SQL, as PostgreSQL and as MariaDB and MySQL read it: in literals, in quoted identifiers, in comments and bare. The two
 * differ in what a backslash is, so a value that has one needs the dialect to be known.
 */
import { type EscapeContext, type Fill, hasLineBreak, type Language, markFills, type Replacement } from "./language.ts";

type SqlDialect = "postgres" | "mysql" | undefined;

type SqlPlace =
  | ("bare" | "literal" | "escapeLiteral" | "identifier" | "backtick")
  | ("lineComment" | "blockComment" | "metaCommand" | "nested");

export function sqlLanguage(name: "sql" | "postgres" | "mysql"): Language {
  return {
    name,
    escape(text, fills, context) {
      const { marked, fillOf } = markFills(text, fills);
      const dialect = name === "sql" ? dialectOf(text, context.path) : name;
      const places = new Map<Fill, SqlPlace>();
      for (const { place, at } of scan(marked, dialect)) {
        const fill = fillOf.get(marked[at]!);
        if (fill !== undefined && !places.has(fill)) places.set(fill, place);
      }
      const dollarTags = dialect === "mysql" ? [] : (text.match(/\$\w*\$/g) ?? []);
      return fills.flatMap((fill): readonly Replacement[] => {
        const tag = dollarTags.find((each) => fill.value.includes(each));
        if (tag !== undefined) {
          context.report(fill, `has ${tag}, which ends a dollar-quoted text of this file`);
          return [];
        }
        const written = write(fill, places.get(fill) ?? "nested", dialect, context);
        return written === undefined ? [] : [{ ...fill, text: written }];
      });
    },
  };
}

/** By the folder or name of the file, else by words that only one of them has. */
function dialectOf(text: string, path: string): SqlDialect {
  if (/mysql|mariadb/i.test(path)) return "mysql";
  if (/postgres|pgsql|timescale/i.test(path)) return "postgres";
  const isMysql = /`[^`\n]+`|\bIDENTIFIED\s+(?:BY|VIA|WITH)\b|\bENGINE\s*=|\bFLUSH\s+PRIVILEGES\b/i.test(text);
  const isPostgres =
    /\$\w*\$|^\\\w+|\bCREATE\s+(?:ROLE|EXTENSION)\b[^;]*\b(?:LOGIN|SCHEMA|PASSWORD)\b|\bWITH\s+(?:ENCRYPTED\s+)?PASSWORD\b|\bOWNER\s+TO\b|\bSERIAL\b/im.test(
      text,
    );
  if (isMysql === isPostgres) return undefined;
  return isMysql ? "mysql" : "postgres";
}

/** Each character of a text with the place it is in, but for those that begin and end places. */
function* scan(text: string, dialect: SqlDialect): Generator<{ readonly place: SqlPlace; readonly at: number }> {
  let at = 0;
  while (at < text.length) {
    const opened = placeOpenedAt(text, at, dialect);
    if (opened === undefined) {
      yield { place: "bare", at };
      at += 1;
      continue;
    }
    const { place, quote, hasEscapes } = opened;
    at += opened.length;
    // Behind two quotes in a row, which stand for one, and behind a backslash a value would be read twice.
    let isNested = false;
    for (; at < text.length; at += 1) {
      if (quote !== undefined && text[at] === quote && text[at + 1] === quote && place !== "blockComment") {
        isNested = true;
        at += 1;
      } else if (hasEscapes && text[at] === "\\") {
        at += 1;
        yield { place: "nested", at };
      } else if (text.startsWith(opened.end, at)) {
        break;
      } else {
        yield { place: isNested ? "nested" : place, at };
        isNested = false;
      }
    }
    at += quote === undefined ? 0 : opened.end.length;
  }
}

interface OpenedPlace {
  readonly place: SqlPlace;
  /** Of what opens it. */
  readonly length: number;
  readonly end: string;
  /** Undefined where the end of the line ends it. */
  readonly quote: string | undefined;
  readonly hasEscapes: boolean;
}

function placeOpenedAt(text: string, at: number, dialect: SqlDialect): OpenedPlace | undefined {
  const quoted = (place: SqlPlace, quote: string, hasEscapes: boolean) => ({
    place,
    length: 1,
    end: quote,
    quote,
    hasEscapes,
  });
  const toLineEnd = (place: SqlPlace, length: number) => ({
    place,
    length,
    end: "\n",
    quote: undefined,
    hasEscapes: false,
  });
  switch (text[at]) {
    case "'": {
      const isEscapeString = dialect !== "mysql" && /(?:^|[^\w$])[eE]$/.test(text.slice(Math.max(0, at - 2), at));
      return quoted(isEscapeString ? "escapeLiteral" : "literal", "'", dialect === "mysql" || isEscapeString);
    }
    case '"':
      return quoted("identifier", '"', dialect === "mysql");
    case "`":
      return dialect === "postgres" ? undefined : quoted("backtick", "`", false);
    case "-":
      return text[at + 1] === "-" ? toLineEnd("lineComment", 2) : undefined;
    case "#":
      return dialect === "mysql" ? toLineEnd("lineComment", 1) : undefined;
    case "/":
      return text[at + 1] === "*"
        ? { place: "blockComment", length: 2, end: "*/", quote: "*", hasEscapes: false }
        : undefined;
    case "\\":
      // psql(1): a meta-command goes to the end of its line, and has quotes of its own.
      return dialect === "mysql" ? undefined : toLineEnd("metaCommand", 1);
    default:
      return undefined;
  }
}

function write(fill: Fill, place: SqlPlace, dialect: SqlDialect, context: EscapeContext): string | undefined {
  const { value } = fill;
  const refuse = (message: string) => void context.report(fill, message);
  switch (place) {
    case "literal":
      return writeLiteral(fill, dialect, context);
    case "escapeLiteral":
      return value.replaceAll("\\", "\\\\").replaceAll("'", "''");
    case "identifier":
      // To MySQL it is a literal, unless ANSI_QUOTES is set.
      return /[\\\r]/.test(value) && dialect !== "postgres"
        ? refuse("has a backslash or carriage return, which depends on settings in double quotes; write single quotes")
        : value.replaceAll('"', '""');
    case "backtick":
      return value.replaceAll("`", "``");
    case "lineComment":
      return hasLineBreak(value) ? refuse("has a line break, and stands in a comment of SQL") : value;
    case "blockComment":
      return /\*\/|\/\*/.test(value) ? refuse("would end the comment of SQL that it stands in") : value;
    case "metaCommand":
      return /^[\w.-]+$/.test(value) ? value : refuse("stands in a command of psql, which has quotes of its own");
    case "nested":
      return /^[\w .:,;@%+=/-]*$/.test(value)
        ? value
        : refuse("stands in quotes within quotes; let the database quote it, as format('… %L', '{{NAME}}') does");
    case "bare": {
      if (/^(?:-?\d+(?:\.\d+)?|[A-Za-z_][A-Za-z0-9_]*)$/.test(value)) return value;
      if (!context.isExplicit)
        return refuse("is neither a number nor a name, and stands without quotes in SQL: write '{{NAME}}'");
      const content = writeLiteral(fill, dialect, context);
      return content === undefined ? undefined : `'${content}'`;
    }
  }
}

function writeLiteral(fill: Fill, dialect: SqlDialect, { report }: EscapeContext): string | undefined {
  const { value } = fill;
  if (dialect === undefined && value.includes("\\")) {
    report(
      fill,
      "has a backslash, which PostgreSQL and MariaDB read differently: write {{NAME|postgres}} or {{NAME|mysql}}",
    );
    return undefined;
  }
  const doubled = value.replaceAll("'", "''");
  // The client of MariaDB drops a carriage return before a line feed.
  return dialect === "mysql" ? doubled.replaceAll("\\", "\\\\").replaceAll("\r", "\\r") : doubled;
}

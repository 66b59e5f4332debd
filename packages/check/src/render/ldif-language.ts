/** Values in LDIF, RFC 2849: base64 where a line cannot hold them, and escaped where they are part of a DN (RFC 4514). */
import { escapeDnValue, ParseError, parseDn } from "@espalier/ldap/dn";
import { formatLdifRecord, LdifParseError, parseLdif } from "@espalier/ldap/ldif";
import { builtInSchema, SyntaxOid } from "@espalier/ldap/schema";
import {
  type EscapeContext,
  type Fill,
  fillMarks,
  hasLineBreak,
  type Language,
  markFills,
  type Replacement,
} from "./language.ts";

export const ldifLanguage: Language = {
  name: "ldif",
  escape(text, fills, context) {
    const { marked, fillOf } = markFills(text, fills);
    return logicalLines(marked).flatMap((line) => {
      const within = fills.filter(({ start, end }) => line.start <= start && end <= line.end);
      return within.length === 0 ? [] : escapeLine(line, within, fillOf, context);
    });
  },
  read(text) {
    try {
      return parseLdif(text).map((record) => JSON.stringify(record, (_, value) => textOf(value)));
    } catch (error) {
      if (error instanceof LdifParseError) return undefined;
      throw error;
    }
  },
};

function textOf(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value;
}

interface LogicalLine {
  readonly start: number;
  /** Behind its last character; the line's end is not part of it. */
  readonly end: number;
  /** Unfolded. */
  readonly text: string;
}

/** A line and those that continue it, which begin with a space. */
function logicalLines(text: string): readonly LogicalLine[] {
  return Array.from(text.matchAll(/[^\n]*(?:\n [^\n]*)*/g), ({ index, 0: whole }) => {
    const bare = whole.endsWith("\r") ? whole.slice(0, -1) : whole;
    return { start: index, end: index + bare.length, text: bare.replaceAll(/\r?\n /g, "") };
  });
}

function escapeLine(
  line: LogicalLine,
  fills: readonly Fill[],
  fillOf: ReadonlyMap<string, Fill>,
  context: EscapeContext,
): readonly Replacement[] {
  const reports: string[] = [];
  const written = writeLine(line.text, fillOf, (message) => reports.push(message));
  const [problem] = reports;
  if (problem !== undefined || written === undefined) {
    for (const fill of fills) context.report(fill, problem ?? "cannot be written where it stands in this LDIF");
    return [];
  }
  return [{ start: line.start, end: line.end, text: written }];
}

type Say = (message: string) => void;

function writeLine(marked: string, fillOf: ReadonlyMap<string, Fill>, say: Say): string | undefined {
  const plain = fillMarks(marked, fillOf);
  if (marked.startsWith("#")) {
    if (hasLineBreak(plain)) say("has a line break, and stands in a comment of LDIF");
    return plain;
  }
  const [, type = "", marker = "", value = ""] = /^([^:]*):([:<]?) *(.*)$/s.exec(marked) ?? [];
  const attribute = fillMarks(type, fillOf);
  if (!/^[A-Za-z0-9][A-Za-z0-9._;-]*$/.test(attribute)) {
    say("stands where LDIF has the name of an attribute, and is none");
    return undefined;
  }
  if (marker === ":") {
    const encoded = fillMarks(value, fillOf);
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded)) {
      say("stands behind ::, where base64 belongs, and is not base64; write one colon, and it is encoded as needed");
    }
    return plain;
  }
  if (marker === "<") {
    if (/[^\x21-\x7e]/.test(plain.slice(plain.indexOf("<") + 1).trim())) say("is not part of a URL");
    return plain;
  }
  const filled = isDnValued(attribute) ? fillDn(value, fillOf, say) : fillMarks(value, fillOf);
  return formatLine(attribute, filled);
}

const nameLines: ReadonlySet<string> = new Set(["dn", "newrdn", "newsuperior"]);

function isDnValued(attribute: string): boolean {
  const name = attribute.toLowerCase();
  return nameLines.has(name) || builtInSchema.resolve(name)?.attribute.syntax === SyntaxOid.dn;
}

/** Behind an equals sign a value is the value of an RDN; else it is one or more RDNs itself, as in `ou=users,{{BASE_DN}}`. */
function fillDn(value: string, fillOf: ReadonlyMap<string, Fill>, say: Say): string {
  return fillMarks(value, fillOf, (fill, at) => {
    if (/=[^,+;]*$/.test(value.slice(0, at))) return escapeDnValue(fill.value);
    if (!isName(fill.value)) say("stands where a DN has whole RDNs, such as dc=example,dc=com, and is none");
    return fill.value;
  });
}

function isName(text: string): boolean {
  try {
    return parseDn(text).length > 0;
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}

/** Plain where it is a SAFE-STRING that ends with no space; in base64, and folded, where it is not. */
function formatLine(type: string, value: string): string {
  if (/^(?:[\x21-\x39\x3b\x3d-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/.test(value)) return `${type}: ${value}`;
  const bytes = Buffer.from(value);
  const isDn = type.toLowerCase() === "dn";
  const record = formatLdifRecord({
    type: "content",
    dn: isDn ? value : "",
    attributes: isDn ? [] : [{ type, values: [bytes] }],
  });
  return record.split(/\n(?! )/)[isDn ? 0 : 1] ?? "";
}

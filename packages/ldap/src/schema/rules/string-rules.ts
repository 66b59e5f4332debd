/**
 * Rules over character strings, RFC 4517 §4.2: caseIgnore and caseExact for Directory String and IA5 String, with their
 * ordering and substrings rules, and the caseIgnoreList rules.
 */
import type { EqualityRule, MatchingRule, OrderingRule, SubstringsRule } from "../matching-rule.ts";
import {
  type Extent,
  isPlain,
  isPlainText,
  type Preparation,
  prepareString,
  prepareText,
} from "../string-preparation.ts";
import { SyntaxOid } from "../syntax-oid.ts";
import { valueText } from "../value-text.ts";

const ignoreCase: Preparation = { foldCase: true };
const exactCase: Preparation = { foldCase: false };

interface StringSyntax {
  readonly oid: string;
  /** The prepared value or piece; `undefined` when it is not of the syntax. */
  prepare(value: Uint8Array, preparation: Preparation, extent: Extent): string | undefined;
}

/** RFC 4517 §3.3.6: at least one character of UTF-8. */
const directoryString: StringSyntax = {
  oid: SyntaxOid.directoryString,
  prepare: (value, preparation, extent) => (value.length === 0 ? undefined : prepareString(value, preparation, extent)),
};

/** RFC 4517 §3.3.15: ASCII characters, or nothing at all. */
const ia5String: StringSyntax = {
  oid: SyntaxOid.ia5String,
  // Unlike those of a Directory String, pieces lose spaces at both ends, and of spaces alone nothing is left: so it is in
  // OpenLDAP.
  prepare(value, preparation, extent) {
    const prepared = isAscii(value) ? prepareString(value, preparation, "whole") : undefined;
    return prepared === " " && extent !== "whole" ? "" : prepared;
  },
};

export const stringRules: readonly MatchingRule[] = [
  stringEquality("2.5.13.2", "caseIgnoreMatch", directoryString, ignoreCase),
  stringOrdering("2.5.13.3", "caseIgnoreOrderingMatch", directoryString, ignoreCase),
  stringSubstrings("2.5.13.4", "caseIgnoreSubstringsMatch", SyntaxOid.substringAssertion, directoryString, ignoreCase),
  stringEquality("2.5.13.5", "caseExactMatch", directoryString, exactCase),
  stringOrdering("2.5.13.6", "caseExactOrderingMatch", directoryString, exactCase),
  stringSubstrings("2.5.13.7", "caseExactSubstringsMatch", SyntaxOid.substringAssertion, directoryString, exactCase),
  stringEquality("1.3.6.1.4.1.1466.109.114.1", "caseExactIA5Match", ia5String, exactCase),
  stringEquality("1.3.6.1.4.1.1466.109.114.2", "caseIgnoreIA5Match", ia5String, ignoreCase),
  stringSubstrings(
    "1.3.6.1.4.1.1466.109.114.3",
    "caseIgnoreIA5SubstringsMatch",
    SyntaxOid.substringAssertion,
    ia5String,
    ignoreCase,
  ),
  // OpenLDAP's, named by its nis schema for memberUid.
  stringSubstrings("1.3.6.1.4.1.4203.1.2.1", "caseExactIA5SubstringsMatch", SyntaxOid.ia5String, ia5String, exactCase),
  caseIgnoreListMatch(),
  caseIgnoreListSubstringsMatch(),
];

function stringEquality(oid: string, name: string, syntax: StringSyntax, preparation: Preparation): EqualityRule {
  const normalize = (value: Uint8Array) => syntax.prepare(value, preparation, "whole");
  return {
    kind: "equality",
    oid,
    name,
    syntax: syntax.oid,
    normalize,
    normalizeAssertion: normalize,
    plainKey: preparation.foldCase ? "lowerCase" : "asIs",
    matcher: (key) => plainMatcher(key, preparation.foldCase ? lowerCase : sameCase, normalize),
  };
}

function stringOrdering(oid: string, name: string, syntax: StringSyntax, preparation: Preparation): OrderingRule {
  return {
    kind: "ordering",
    oid,
    name,
    syntax: syntax.oid,
    normalize(value) {
      const prepared = syntax.prepare(value, preparation, "whole");
      return prepared === undefined ? undefined : codePointOrder(prepared);
    },
  };
}

function stringSubstrings(
  oid: string,
  name: string,
  assertionSyntax: string,
  syntax: StringSyntax,
  preparation: Preparation,
): SubstringsRule {
  return {
    kind: "substrings",
    oid,
    name,
    syntax: assertionSyntax,
    normalize: (value) => syntax.prepare(value, preparation, "whole"),
    normalizeSubstring: (piece, position) => syntax.prepare(piece, preparation, position),
  };
}

const sameCase = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const lowerCase = sameCase.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte));

/** Compares bytes where both sides are plain, which nearly all values are, and prepares the value where not. */
function plainMatcher(
  key: string,
  fold: Uint8Array,
  normalize: (value: Uint8Array) => string | undefined,
): (value: Uint8Array) => boolean {
  if (!isPlainText(key)) return (value) => normalize(value) === key;
  return (value) => {
    if (value.length === key.length) {
      let at = 0;
      while (at < key.length && fold[value[at] as number] === key.charCodeAt(at)) at++;
      if (at === key.length) return true;
    }
    return !isPlain(value) && normalize(value) === key;
  };
}

/**
 * A string that `<` orders by code point, where JavaScript orders by UTF-16 unit: surrogates move behind U+FFFF's place.
 */
function codePointOrder(text: string): string {
  if (!/[\uD800-\uFFFF]/.test(text)) return text;
  let ordered = "";
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    ordered += String.fromCharCode(unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);
  }
  return ordered;
}

/** RFC 4517 §4.2.9: lines of a Postal Address (§3.3.28) match one by one. */
function caseIgnoreListMatch(): EqualityRule {
  const normalize = (value: Uint8Array) => prepareLines(value)?.map(escapeLine).join("$");
  return {
    kind: "equality",
    oid: "2.5.13.11",
    name: "caseIgnoreListMatch",
    syntax: SyntaxOid.postalAddress,
    normalize,
    normalizeAssertion: normalize,
  };
}

/** RFC 4517 §4.2.10: as if the lines were one string; a piece cannot reach across the end of a line. */
function caseIgnoreListSubstringsMatch(): SubstringsRule {
  return {
    kind: "substrings",
    oid: "2.5.13.12",
    name: "caseIgnoreListSubstringsMatch",
    syntax: SyntaxOid.substringAssertion,
    // No piece has a line feed: preparation maps it to a space.
    normalize: (value) => prepareLines(value)?.join("\n"),
    normalizeSubstring: (piece, position) => directoryString.prepare(piece, ignoreCase, position),
  };
}

/** RFC 4517 §3.3.28: lines between dollar signs, in which `\24` is a dollar sign and `\5C` a backslash. */
function prepareLines(value: Uint8Array): readonly string[] | undefined {
  const text = valueText(value);
  if (text === undefined || text === "") return undefined;
  const lines: string[] = [];
  for (const line of text.split("$")) {
    const prepared = prepareText(
      line.replaceAll(/\\(24|5[Cc])/g, (_, hex) => (hex === "24" ? "$" : "\\")),
      ignoreCase,
    );
    if (prepared === undefined) return undefined;
    lines.push(prepared);
  }
  return lines;
}

function escapeLine(line: string): string {
  return line.replaceAll("\\", "\\5c").replaceAll("$", "\\24");
}

function isAscii(value: Uint8Array): boolean {
  for (let i = 0; i < value.length; i++) if ((value[i] as number) > 0x7f) return false;
  return true;
}

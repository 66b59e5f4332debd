/** Rules over octet strings, bit strings, booleans and UUIDs: RFC 4517 §4.2.1, §4.2.2, §4.2.27 and §4.2.28, RFC 4530 §2. */
import type { EqualityRule, MatchingRule, OrderingRule } from "../matching-rule.ts";
import { SyntaxOid } from "../syntax-oid.ts";
import { valueBinaryText, valueText } from "../value-text.ts";

const octetStringMatch: EqualityRule = {
  kind: "equality",
  oid: "2.5.13.17",
  name: "octetStringMatch",
  syntax: SyntaxOid.octetString,
  normalize: valueBinaryText,
  normalizeAssertion: valueBinaryText,
};

const octetStringOrderingMatch: OrderingRule = {
  kind: "ordering",
  oid: "2.5.13.18",
  name: "octetStringOrderingMatch",
  syntax: SyntaxOid.octetString,
  normalize: valueBinaryText,
};

const bitStringMatch = textEquality("2.5.13.16", "bitStringMatch", SyntaxOid.bitString, (text) =>
  /^'[01]*'B$/.test(text) ? text : undefined,
);

const booleanMatch = textEquality("2.5.13.13", "booleanMatch", SyntaxOid.boolean, (text) =>
  text === "TRUE" || text === "FALSE" ? text : undefined,
);

const uuidMatch = textEquality("1.3.6.1.1.16.2", "UUIDMatch", SyntaxOid.uuid, uuidText);

const uuidOrderingMatch: OrderingRule = {
  kind: "ordering",
  oid: "1.3.6.1.1.16.3",
  name: "UUIDOrderingMatch",
  syntax: SyntaxOid.uuid,
  normalize: uuidMatch.normalize,
};

/** RFC 4530 §2.1: the text form of RFC 4122, letters in either case. */
function uuidText(text: string): string | undefined {
  return /^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$/.test(text) ? text.toLowerCase() : undefined;
}

function textEquality(
  oid: string,
  name: string,
  syntax: string,
  normalizeText: (text: string) => string | undefined,
): EqualityRule {
  const normalize = (value: Uint8Array) => {
    const text = valueText(value);
    return text === undefined ? undefined : normalizeText(text);
  };
  return { kind: "equality", oid, name, syntax, normalize, normalizeAssertion: normalize };
}

export const octetRules: readonly MatchingRule[] = [
  octetStringMatch,
  octetStringOrderingMatch,
  bitStringMatch,
  booleanMatch,
  uuidMatch,
  uuidOrderingMatch,
];

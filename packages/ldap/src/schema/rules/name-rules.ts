/** Rules over distinguished names, RFC 4517 §4.2.15 and §4.2.31. */
import { dnKey } from "../../dn/normalize.ts";
import type { EqualityRule, MatchingRule } from "../matching-rule.ts";
import type { Schema } from "../schema.ts";
import { SyntaxOid } from "../syntax-oid.ts";
import { valueText } from "../value-text.ts";

export function nameRules(schema: Schema): readonly MatchingRule[] {
  const normalizeName = (value: Uint8Array): string | undefined => {
    const text = valueText(value);
    return text === undefined ? undefined : dnKey(text, schema);
  };
  /** A DN and, behind `#`, perhaps a bit string (§3.3.21), which must be there in both or in neither. */
  const normalizeNameAndUid = (value: Uint8Array): string | undefined => {
    const text = valueText(value);
    if (text === undefined) return undefined;
    // Spaces at the end mean as little as at a DN's.
    const [ending = "", uid = ""] = /(#'[01]*'B) *$/.exec(text) ?? [];
    const key = dnKey(text.slice(0, text.length - ending.length), schema);
    return key === undefined ? undefined : key + uid;
  };
  return [
    equality("2.5.13.1", "distinguishedNameMatch", SyntaxOid.dn, normalizeName),
    equality("2.5.13.23", "uniqueMemberMatch", SyntaxOid.nameAndOptionalUid, normalizeNameAndUid),
  ];
}

function equality(
  oid: string,
  name: string,
  syntax: string,
  normalize: (value: Uint8Array) => string | undefined,
): EqualityRule {
  return { kind: "equality", oid, name, syntax, normalize, normalizeAssertion: normalize };
}

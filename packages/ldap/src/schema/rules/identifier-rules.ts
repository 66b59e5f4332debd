/** Rules over object identifiers, RFC 4517 §4.2.26 and §4.2.25: a name and its OID are the same where the schema knows it. */

import { isDescr, isNumericOid } from "../attribute-description.ts";
import type { EqualityRule, MatchingRule } from "../matching-rule.ts";
import type { Schema } from "../schema.ts";
import { SyntaxOid } from "../syntax-oid.ts";
import { valueText } from "../value-text.ts";
import { firstComponent } from "./first-component.ts";

export function identifierRules(schema: Schema): readonly MatchingRule[] {
  /** A known name becomes its OID. One that is not known is kept in values, and is Undefined in assertions (§4.2.26). */
  const normalize = (value: Uint8Array): string | undefined => {
    const text = valueText(value);
    if (text === undefined) return undefined;
    return schema.oidOf(text) ?? (isNumericOid(text) ? text : isDescr(text) ? text.toLowerCase() : undefined);
  };
  const normalizeAssertion = (value: Uint8Array): string | undefined => {
    const key = normalize(value);
    return key === undefined || isDescr(key) ? undefined : key;
  };
  const objectIdentifierMatch: EqualityRule = {
    kind: "equality",
    oid: "2.5.13.0",
    name: "objectIdentifierMatch",
    syntax: SyntaxOid.oid,
    normalize,
    normalizeAssertion,
  };
  const objectIdentifierFirstComponentMatch: EqualityRule = {
    kind: "equality",
    oid: "2.5.13.30",
    name: "objectIdentifierFirstComponentMatch",
    syntax: SyntaxOid.oid,
    normalize(value) {
      const component = firstComponent(value);
      return component === undefined ? undefined : normalize(component);
    },
    normalizeAssertion,
  };
  return [objectIdentifierMatch, objectIdentifierFirstComponentMatch];
}

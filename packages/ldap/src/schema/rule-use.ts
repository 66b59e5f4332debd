/** Which attribute types a matching rule may be used with in an extensible match, RFC 4511 §4.5.1.7.7 and RFC 4512 §4.1.4. */
import type { AttributeType } from "./attribute-type.ts";
import { formatMatchingRuleUse } from "./format-definition.ts";
import type { MatchingRule } from "./matching-rule.ts";
import type { Schema } from "./schema.ts";
import { SyntaxOid } from "./syntax-oid.ts";

/** Syntaxes whose values are values of a rule's syntax as well (RFC 4517 §4.2: "or a subset"). */
const alsoAccepted: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [
    SyntaxOid.directoryString,
    new Set<string>([SyntaxOid.printableString, SyntaxOid.countryString, SyntaxOid.telephoneNumber]),
  ],
  [SyntaxOid.ia5String, new Set<string>([SyntaxOid.countryString])],
]);

/** Substrings rules apply to none here: an extensible match has one assertion value, not pieces. */
export function isApplicable(rule: MatchingRule, attribute: AttributeType): boolean {
  if (rule.kind === "substrings") return false;
  if (rule === attribute.equality || rule === attribute.ordering) return true;
  if (attribute.syntax === undefined || definitionRules.has(rule.name)) return false;
  return rule.syntax === attribute.syntax || alsoAccepted.get(rule.syntax)?.has(attribute.syntax) === true;
}

/** Their assertion syntax is not that of the values: only attribute types that name them have such values. */
const definitionRules: ReadonlySet<string> = new Set([
  "integerFirstComponentMatch",
  "objectIdentifierFirstComponentMatch",
]);

/** The values of `matchingRuleUse` for the subschema entry, one for each rule that any attribute type can be used with. */
export function matchingRuleUses(schema: Schema): readonly string[] {
  return schema.matchingRules.flatMap((rule) => {
    const applies = schema.attributeTypes.filter((attribute) => isApplicable(rule, attribute)).map(({ name }) => name);
    return applies.length === 0
      ? []
      : formatMatchingRuleUse({
          oid: rule.oid,
          names: [rule.name],
          description: undefined,
          obsolete: false,
          applies,
          extensions: [],
        });
  });
}

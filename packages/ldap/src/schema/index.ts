/** `@espalier/ldap/schema`: schemas by themselves. */
export {
  type AttributeDescription,
  isAttributeType,
  isDescr,
  isNumericOid,
  parseAttributeDescription,
} from "./attribute-description.ts";
export type { AttributeType } from "./attribute-type.ts";
export { builtInSchema } from "./built-in-schema.ts";
export type {
  AttributeTypeDefinition,
  AttributeUsage,
  DefinitionExtension,
  DitContentRuleDefinition,
  DitStructureRuleDefinition,
  LdapSyntaxDefinition,
  MatchingRuleDefinition,
  MatchingRuleUseDefinition,
  NameFormDefinition,
  ObjectClassDefinition,
  ObjectClassKind,
} from "./definition.ts";
export type { SchemaProblem } from "./definition-set.ts";
export {
  formatAttributeType,
  formatDitContentRule,
  formatDitStructureRule,
  formatLdapSyntax,
  formatMatchingRule,
  formatMatchingRuleUse,
  formatNameForm,
  formatObjectClass,
} from "./format-definition.ts";
export type {
  EqualityRule,
  MatchingRule,
  OrderingRule,
  PredicateRule,
  SubstringPosition,
  SubstringsRule,
} from "./matching-rule.ts";
export {
  parseAttributeType,
  parseDitContentRule,
  parseDitStructureRule,
  parseLdapSyntax,
  parseMatchingRule,
  parseMatchingRuleUse,
  parseNameForm,
  parseObjectClass,
} from "./parse-definition.ts";
export { matchingRuleUses } from "./rule-use.ts";
export { type ResolvedDescription, Schema, type SubschemaDefinitions } from "./schema.ts";
export { SyntaxOid } from "./syntax-oid.ts";

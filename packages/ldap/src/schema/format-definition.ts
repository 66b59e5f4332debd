/** Writes schema definitions in the form of RFC 4512 §4.1, fields in the order of its grammar. */
import type {
  AttributeTypeDefinition,
  DefinitionExtension,
  DitContentRuleDefinition,
  DitStructureRuleDefinition,
  LdapSyntaxDefinition,
  MatchingRuleDefinition,
  MatchingRuleUseDefinition,
  NameFormDefinition,
  ObjectClassDefinition,
} from "./definition.ts";

export function formatAttributeType(definition: AttributeTypeDefinition): string {
  const { syntax, minimumUpperBound } = definition;
  const bound = minimumUpperBound === undefined ? "" : `{${minimumUpperBound}}`;
  return definitionText(definition.oid, [
    ...namedFields(definition),
    word("SUP", definition.superior),
    word("EQUALITY", definition.equality),
    word("ORDERING", definition.ordering),
    word("SUBSTR", definition.substrings),
    word("SYNTAX", syntax === undefined ? undefined : syntax + bound),
    flag("SINGLE-VALUE", definition.singleValue),
    flag("COLLECTIVE", definition.collective),
    flag("NO-USER-MODIFICATION", definition.noUserModification),
    word("USAGE", definition.usage === "userApplications" ? undefined : definition.usage),
    ...extensionFields(definition.extensions),
  ]);
}

export function formatObjectClass(definition: ObjectClassDefinition): string {
  return definitionText(definition.oid, [
    ...namedFields(definition),
    oids("SUP", definition.superiors),
    definition.kind,
    oids("MUST", definition.must),
    oids("MAY", definition.may),
    ...extensionFields(definition.extensions),
  ]);
}

export function formatMatchingRule(definition: MatchingRuleDefinition): string {
  return definitionText(definition.oid, [
    ...namedFields(definition),
    word("SYNTAX", definition.syntax),
    ...extensionFields(definition.extensions),
  ]);
}

export function formatMatchingRuleUse(definition: MatchingRuleUseDefinition): string {
  return definitionText(definition.oid, [
    ...namedFields(definition),
    oids("APPLIES", definition.applies),
    ...extensionFields(definition.extensions),
  ]);
}

export function formatLdapSyntax(definition: LdapSyntaxDefinition): string {
  return definitionText(definition.oid, [
    description(definition.description),
    ...extensionFields(definition.extensions),
  ]);
}

export function formatDitContentRule(definition: DitContentRuleDefinition): string {
  return definitionText(definition.oid, [
    ...namedFields(definition),
    oids("AUX", definition.auxiliary),
    oids("MUST", definition.must),
    oids("MAY", definition.may),
    oids("NOT", definition.not),
    ...extensionFields(definition.extensions),
  ]);
}

export function formatDitStructureRule(definition: DitStructureRuleDefinition): string {
  const superiors = definition.superiorRules.map(String);
  return definitionText(String(definition.ruleId), [
    ...namedFields(definition),
    word("FORM", definition.form),
    // §4.1.7.1: rule numbers stand side by side, without `$`.
    superiors.length > 1 ? `SUP ( ${superiors.join(" ")} )` : word("SUP", superiors[0]),
    ...extensionFields(definition.extensions),
  ]);
}

export function formatNameForm(definition: NameFormDefinition): string {
  return definitionText(definition.oid, [
    ...namedFields(definition),
    word("OC", definition.objectClass),
    oids("MUST", definition.must),
    oids("MAY", definition.may),
    ...extensionFields(definition.extensions),
  ]);
}

type Field = string | undefined;

function definitionText(identifier: string, fields: readonly Field[]): string {
  return `( ${[identifier, ...fields.filter((field) => field !== undefined)].join(" ")} )`;
}

function namedFields(definition: {
  readonly names: readonly string[];
  readonly description: string | undefined;
  readonly obsolete: boolean;
}): readonly Field[] {
  return [
    quotedList("NAME", definition.names),
    description(definition.description),
    flag("OBSOLETE", definition.obsolete),
  ];
}

function extensionFields(extensions: readonly DefinitionExtension[]): readonly Field[] {
  return extensions.map(({ name, values }) => quotedList(name, values) ?? name);
}

function description(text: string | undefined): Field {
  return text === undefined ? undefined : `DESC ${quote(text)}`;
}

function flag(keyword: string, set: boolean): Field {
  return set ? keyword : undefined;
}

function word(keyword: string, value: string | undefined): Field {
  return value === undefined ? undefined : `${keyword} ${value}`;
}

function oids(keyword: string, values: readonly string[]): Field {
  return values.length > 1 ? `${keyword} ( ${values.join(" $ ")} )` : word(keyword, values[0]);
}

function quotedList(keyword: string, values: readonly string[]): Field {
  if (values.length === 0) return undefined;
  const quoted = values.map(quote);
  return `${keyword} ${quoted.length > 1 ? `( ${quoted.join(" ")} )` : quoted[0]}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\5C").replaceAll("'", "\\27")}'`;
}

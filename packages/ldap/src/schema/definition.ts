/** Schema definitions as data, RFC 4512 §4.1: what the attributes of a subschema entry hold, one value each. */

/** `X-ORIGIN ( 'RFC 4519' 'user defined' )`; no values for a bare word that no RFC names. */
export interface DefinitionExtension {
  readonly name: string;
  readonly values: readonly string[];
}

interface Definition {
  readonly description: string | undefined;
  readonly extensions: readonly DefinitionExtension[];
}

interface NamedDefinition extends Definition {
  /** A numericoid; servers also publish a `descr` here, such as `nsAbc-oid`. */
  readonly oid: string;
  /** Short names, the preferred one first; may be empty. */
  readonly names: readonly string[];
  readonly obsolete: boolean;
}

export type AttributeUsage = "userApplications" | "directoryOperation" | "distributedOperation" | "dSAOperation";
export type ObjectClassKind = "ABSTRACT" | "STRUCTURAL" | "AUXILIARY";

/** §4.1.2. `undefined` in a rule or the syntax means it is taken from `superior`. */
export interface AttributeTypeDefinition extends NamedDefinition {
  readonly superior: string | undefined;
  readonly equality: string | undefined;
  readonly ordering: string | undefined;
  readonly substrings: string | undefined;
  readonly syntax: string | undefined;
  /** The `{64}` behind a syntax: characters, or bytes of a binary syntax, that a server must at least allow. */
  readonly minimumUpperBound: number | undefined;
  readonly singleValue: boolean;
  readonly collective: boolean;
  readonly noUserModification: boolean;
  readonly usage: AttributeUsage;
}

/** §4.1.1. */
export interface ObjectClassDefinition extends NamedDefinition {
  readonly superiors: readonly string[];
  readonly kind: ObjectClassKind;
  readonly must: readonly string[];
  readonly may: readonly string[];
}

/** §4.1.3. */
export interface MatchingRuleDefinition extends NamedDefinition {
  readonly syntax: string | undefined;
}

/** §4.1.4: the attribute types a rule applies to; `oid` is the rule's. */
export interface MatchingRuleUseDefinition extends NamedDefinition {
  readonly applies: readonly string[];
}

/** §4.1.5. */
export interface LdapSyntaxDefinition extends Definition {
  readonly oid: string;
}

/** §4.1.6; `oid` is that of the structural object class. */
export interface DitContentRuleDefinition extends NamedDefinition {
  readonly auxiliary: readonly string[];
  readonly must: readonly string[];
  readonly may: readonly string[];
  readonly not: readonly string[];
}

/** §4.1.7.1. */
export interface DitStructureRuleDefinition extends Definition {
  readonly ruleId: number;
  readonly names: readonly string[];
  readonly obsolete: boolean;
  readonly form: string;
  readonly superiorRules: readonly number[];
}

/** §4.1.7.2. */
export interface NameFormDefinition extends NamedDefinition {
  readonly objectClass: string;
  readonly must: readonly string[];
  readonly may: readonly string[];
}

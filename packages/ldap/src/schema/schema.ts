/** A subschema, RFC 4512 §4: looks up definitions by any of their names, and knows how values of an attribute compare. */
import { hasRecognizedOptions, parseAttributeDescription } from "./attribute-description.ts";
import { type AttributeType, resolveAttributeTypes } from "./attribute-type.ts";
import type {
  DitContentRuleDefinition,
  DitStructureRuleDefinition,
  LdapSyntaxDefinition,
  MatchingRuleDefinition,
  MatchingRuleUseDefinition,
  NameFormDefinition,
  ObjectClassDefinition,
} from "./definition.ts";
import { DefinitionSet, type SchemaProblem } from "./definition-set.ts";
import type { EqualityRule, MatchingRule, OrderingRule, SubstringsRule } from "./matching-rule.ts";
import { matchingRulesFor } from "./matching-rules.ts";
import {
  parseAttributeType,
  parseDitContentRule,
  parseDitStructureRule,
  parseLdapSyntax,
  parseMatchingRule,
  parseMatchingRuleUse,
  parseNameForm,
  parseObjectClass,
} from "./parse-definition.ts";
import { matchingRuleUses } from "./rule-use.ts";

/** Definitions as texts, under the names that the attributes of a subschema entry have (RFC 4512 §4.2). */
export interface SubschemaDefinitions {
  readonly attributeTypes?: readonly string[];
  readonly objectClasses?: readonly string[];
  readonly matchingRules?: readonly string[];
  readonly matchingRuleUse?: readonly string[];
  readonly ldapSyntaxes?: readonly string[];
  readonly dITContentRules?: readonly string[];
  readonly dITStructureRules?: readonly string[];
  readonly nameForms?: readonly string[];
}

/** An attribute description whose type the schema has. */
export interface ResolvedDescription {
  readonly attribute: AttributeType;
  /** Lower case, sorted. */
  readonly options: readonly string[];
  /** `attribute.key` and the options, `cn;lang-de`: equal for all spellings of a description. */
  readonly key: string;
  /** The keys of the attribute's subtypes with the same options, its own among them (RFC 4512 §2.5.1). */
  readonly keys: readonly string[];
}

export class Schema {
  /** What could not be used of the definitions; an empty list for a sound schema. */
  readonly problems: readonly SchemaProblem[];
  /**
   * What is in force, for a subschema entry to publish: each OID once, nothing that could not be read. Where no
   * `matchingRuleUse` was given, it has what the rules that this library performs apply to.
   */
  readonly definitions: Required<SubschemaDefinitions>;

  readonly #given: SubschemaDefinitions;
  readonly #attributeTypes: readonly AttributeType[];
  readonly #attributes = new Map<string, AttributeType>();
  readonly #subtypes = new Map<AttributeType, AttributeType[]>();
  readonly #descriptions = new Map<string, ResolvedDescription | undefined>();
  readonly #objectClasses: DefinitionSet<ObjectClassDefinition>;
  readonly #superclasses = new Map<ObjectClassDefinition, readonly ObjectClassDefinition[]>();
  readonly #rules: ReadonlyMap<string, MatchingRule>;
  readonly #matchingRules: DefinitionSet<MatchingRuleDefinition>;
  readonly #matchingRuleUses: DefinitionSet<MatchingRuleUseDefinition>;
  readonly #syntaxes: DefinitionSet<LdapSyntaxDefinition>;
  readonly #contentRules: DefinitionSet<DitContentRuleDefinition>;
  readonly #nameForms: DefinitionSet<NameFormDefinition>;
  readonly #structureRules: ReadonlyMap<number, DitStructureRuleDefinition>;

  /**
   * Never throws: a server's schema is used as far as it can be read, the rest is in `problems`. Of two definitions with
   * one OID the later counts.
   */
  constructor(definitions: SubschemaDefinitions) {
    const problems: SchemaProblem[] = [];
    this.problems = problems;
    this.#given = definitions;
    this.#rules = matchingRulesFor(this);
    this.#objectClasses = new DefinitionSet(definitions.objectClasses ?? [], parseObjectClass, problems);
    this.#matchingRules = new DefinitionSet(definitions.matchingRules ?? [], parseMatchingRule, problems);
    this.#syntaxes = new DefinitionSet(definitions.ldapSyntaxes ?? [], parseLdapSyntax, problems);
    this.#contentRules = new DefinitionSet(definitions.dITContentRules ?? [], parseDitContentRule, problems);
    this.#nameForms = new DefinitionSet(definitions.nameForms ?? [], parseNameForm, problems);
    const structureRules = new DefinitionSet(
      definitions.dITStructureRules ?? [],
      (text) => {
        const rule = parseDitStructureRule(text);
        return { oid: String(rule.ruleId), rule };
      },
      problems,
    );
    this.#structureRules = new Map(structureRules.values().map(({ rule }) => [rule.ruleId, rule]));

    const types = new DefinitionSet(definitions.attributeTypes ?? [], parseAttributeType, problems);
    this.#attributeTypes = resolveAttributeTypes(
      types.values(),
      (name) => types.get(name),
      this.#rules,
      (definition, message) => problems.push({ definition: definition.names[0] ?? definition.oid, message }),
    );
    this.#matchingRuleUses = new DefinitionSet(
      definitions.matchingRuleUse?.length ? definitions.matchingRuleUse : matchingRuleUses(this),
      parseMatchingRuleUse,
      problems,
    );
    this.definitions = {
      attributeTypes: types.texts(),
      objectClasses: this.#objectClasses.texts(),
      matchingRules: this.#matchingRules.texts(),
      matchingRuleUse: this.#matchingRuleUses.texts(),
      ldapSyntaxes: this.#syntaxes.texts(),
      dITContentRules: this.#contentRules.texts(),
      dITStructureRules: structureRules.texts(),
      nameForms: this.#nameForms.texts(),
    };
    for (const type of this.#attributeTypes) this.#attributes.set(type.oid.toLowerCase(), type);
    // Names as spelt are there as well as in lower case, to be found without a conversion.
    for (const type of this.#attributeTypes)
      for (const name of type.definition.names) this.#attributes.set(name.toLowerCase(), type).set(name, type);
    for (const type of this.#attributeTypes) {
      for (let above: AttributeType | undefined = type; above !== undefined; above = above.superior) {
        const below = this.#subtypes.get(above);
        if (below === undefined) this.#subtypes.set(above, [type]);
        else below.push(type);
      }
    }
  }

  /** This schema and `definitions`, which take the place of those with the same OID. */
  extend(definitions: SubschemaDefinitions): Schema {
    return new Schema(joinDefinitions([this.#given, definitions]));
  }

  /** Supertypes before their subtypes. */
  get attributeTypes(): readonly AttributeType[] {
    return this.#attributeTypes;
  }

  /** `nameOrOid` without options; letter case is insignificant. */
  attribute(nameOrOid: string): AttributeType | undefined {
    return this.#attributes.get(nameOrOid) ?? this.#attributes.get(nameOrOid.toLowerCase());
  }

  /** The type itself and all types below it (RFC 4512 §2.5.1); empty for a type that the schema does not have. */
  subtypes(attribute: AttributeType | string): readonly AttributeType[] {
    const type = this.#type(attribute);
    return type === undefined ? [] : (this.#subtypes.get(type) ?? []);
  }

  /**
   * `undefined` for a description that is malformed, whose type the schema does not have, or with an option that is not
   * recognized, which RFC 4512 §2.5.2 has treated as an unknown type.
   */
  resolve(description: string): ResolvedDescription | undefined {
    const known = this.#descriptions.get(description);
    if (known !== undefined || this.#descriptions.has(description)) return known;
    const resolved = this.#resolve(description);
    // Descriptions come from clients: the memory for them is bounded, and spellings seen often are soon there again.
    if (description.length > maxRememberedLength) return resolved;
    if (this.#descriptions.size >= maxRememberedDescriptions) this.#descriptions.clear();
    this.#descriptions.set(description, resolved);
    return resolved;
  }

  #resolve(description: string): ResolvedDescription | undefined {
    const parsed = parseAttributeDescription(description);
    const attribute = parsed && this.attribute(parsed.type);
    if (parsed === undefined || attribute === undefined || !hasRecognizedOptions(parsed.options, attribute.syntax))
      return undefined;
    const { options } = parsed;
    const keyOf = (type: AttributeType) => [type.key, ...options].join(";");
    return { attribute, options, key: keyOf(attribute), keys: this.subtypes(attribute).map(keyOf) };
  }

  equality(attribute: AttributeType | string): EqualityRule | undefined {
    return this.#type(attribute)?.equality;
  }
  ordering(attribute: AttributeType | string): OrderingRule | undefined {
    return this.#type(attribute)?.ordering;
  }
  substrings(attribute: AttributeType | string): SubstringsRule | undefined {
    return this.#type(attribute)?.substrings;
  }

  #type(attribute: AttributeType | string): AttributeType | undefined {
    return typeof attribute === "string" ? this.attribute(attribute) : attribute;
  }

  /** A rule that this library performs; `matchingRuleDefinition` has those that the schema defines. */
  matchingRule(nameOrOid: string): MatchingRule | undefined {
    return this.#rules.get(nameOrOid.toLowerCase());
  }
  /** All rules that this library performs. */
  get matchingRules(): readonly MatchingRule[] {
    return [...new Set(this.#rules.values())];
  }
  matchingRuleDefinition(nameOrOid: string): MatchingRuleDefinition | undefined {
    return this.#matchingRules.get(nameOrOid);
  }
  matchingRuleUse(nameOrOid: string): MatchingRuleUseDefinition | undefined {
    return this.#matchingRuleUses.get(nameOrOid);
  }
  syntax(oid: string): LdapSyntaxDefinition | undefined {
    return this.#syntaxes.get(oid);
  }
  contentRule(objectClassNameOrOid: string): DitContentRuleDefinition | undefined {
    const objectClass = this.objectClass(objectClassNameOrOid);
    return this.#contentRules.get(objectClass?.oid ?? objectClassNameOrOid);
  }
  nameForm(nameOrOid: string): NameFormDefinition | undefined {
    return this.#nameForms.get(nameOrOid);
  }
  structureRule(ruleId: number): DitStructureRuleDefinition | undefined {
    return this.#structureRules.get(ruleId);
  }

  get objectClasses(): readonly ObjectClassDefinition[] {
    return this.#objectClasses.values();
  }
  objectClass(nameOrOid: string): ObjectClassDefinition | undefined {
    return this.#objectClasses.get(nameOrOid);
  }

  /** The class itself and all classes above it, each once; empty for a class that the schema does not have. */
  superclasses(nameOrOid: string): readonly ObjectClassDefinition[] {
    const start = this.#objectClasses.get(nameOrOid);
    if (start === undefined) return [];
    const known = this.#superclasses.get(start);
    if (known !== undefined) return known;
    // A set that grows while it is walked: each class once, also when SUPs form a circle.
    const found = new Set([start]);
    for (const objectClass of found) {
      for (const name of objectClass.superiors) {
        const superior = this.#objectClasses.get(name);
        if (superior !== undefined) found.add(superior);
      }
    }
    const all = [...found];
    this.#superclasses.set(start, all);
    return all;
  }

  /** The class itself and all classes below it. */
  subclasses(nameOrOid: string): readonly ObjectClassDefinition[] {
    const superior = this.#objectClasses.get(nameOrOid);
    if (superior === undefined) return [];
    return this.#objectClasses.values().filter(({ oid }) => this.superclasses(oid).includes(superior));
  }

  /** The OID behind a name of any kind of definition, or behind the OID itself in other spelling; `undefined` if unknown. */
  oidOf(nameOrOid: string): string | undefined {
    return (
      this.#objectClasses.get(nameOrOid)?.oid ??
      this.attribute(nameOrOid)?.oid ??
      this.#rules.get(nameOrOid.toLowerCase())?.oid ??
      this.#matchingRules.get(nameOrOid)?.oid ??
      this.#nameForms.get(nameOrOid)?.oid ??
      this.#contentRules.get(nameOrOid)?.oid ??
      this.#syntaxes.get(nameOrOid)?.oid
    );
  }
}

const maxRememberedDescriptions = 1024;
const maxRememberedLength = 128;

/** The definitions of all `sets`, in order. */
export function joinDefinitions(sets: readonly SubschemaDefinitions[]): Required<SubschemaDefinitions> {
  const join = (kind: keyof SubschemaDefinitions) => sets.flatMap((set) => set[kind] ?? []);
  return {
    attributeTypes: join("attributeTypes"),
    objectClasses: join("objectClasses"),
    matchingRules: join("matchingRules"),
    matchingRuleUse: join("matchingRuleUse"),
    ldapSyntaxes: join("ldapSyntaxes"),
    dITContentRules: join("dITContentRules"),
    dITStructureRules: join("dITStructureRules"),
    nameForms: join("nameForms"),
  };
}

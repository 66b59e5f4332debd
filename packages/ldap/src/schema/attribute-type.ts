/** Attribute types with what they inherit, RFC 4512 §2.5.1 and §4.1.2. */
import type { AttributeTypeDefinition } from "./definition.ts";
import type { EqualityRule, MatchingRule, OrderingRule, SubstringsRule } from "./matching-rule.ts";

export interface AttributeType {
  readonly definition: AttributeTypeDefinition;
  readonly oid: string;
  /** The first name, or the OID where there is none. */
  readonly name: string;
  /** `name` in lower case: what all names and the OID of the type have in common. */
  readonly key: string;
  /** The type that SUP names; `undefined` also where the schema does not have it or it would be its own supertype. */
  readonly superior: AttributeType | undefined;
  /** OID of the syntax, from the supertype where the definition has none. */
  readonly syntax: string | undefined;
  /** Rules, from the supertype where the definition names none; `undefined` also for rules this library does not perform. */
  readonly equality: EqualityRule | undefined;
  readonly ordering: OrderingRule | undefined;
  readonly substrings: SubstringsRule | undefined;
  /** Whether a search returns it only when asked by name or by `+` (RFC 4512 §3.4). */
  readonly isOperational: boolean;
}

/**
 * The types of `definitions`, which have one definition an OID. `lookup` gives the definition that a name or OID in SUP
 * means. A SUP that leads back to the type itself is reported and left out.
 */
export function resolveAttributeTypes(
  definitions: Iterable<AttributeTypeDefinition>,
  lookup: (nameOrOid: string) => AttributeTypeDefinition | undefined,
  rules: ReadonlyMap<string, MatchingRule>,
  report: (definition: AttributeTypeDefinition, message: string) => void,
): readonly AttributeType[] {
  const resolved = new Map<AttributeTypeDefinition, AttributeType>();
  for (const definition of definitions) resolve(definition);
  return [...resolved.values()];

  function resolve(start: AttributeTypeDefinition): void {
    // A chain of SUPs is walked with a list, not by recursion: a server's schema must not exhaust the stack.
    const chain: AttributeTypeDefinition[] = [];
    const seen = new Set<AttributeTypeDefinition>();
    let superior: AttributeType | undefined;
    for (let next: AttributeTypeDefinition | undefined = start; next !== undefined; ) {
      superior = resolved.get(next);
      if (superior !== undefined) break;
      chain.push(next);
      seen.add(next);
      const definition: AttributeTypeDefinition = next;
      if (definition.superior === undefined) break;
      next = lookup(definition.superior);
      if (next === undefined) report(definition, `its supertype ${definition.superior} is not in the schema`);
      if (next !== undefined && seen.has(next)) {
        report(definition, `its supertype ${definition.superior} is one of its own subtypes`);
        break;
      }
    }
    for (const definition of chain.reverse()) {
      superior = attributeType(definition, superior, rules);
      resolved.set(definition, superior);
    }
  }
}

function attributeType(
  definition: AttributeTypeDefinition,
  superior: AttributeType | undefined,
  rules: ReadonlyMap<string, MatchingRule>,
): AttributeType {
  const ruleOf = (name: string | undefined) => (name === undefined ? undefined : rules.get(name.toLowerCase()));
  const equality = ruleOf(definition.equality);
  const ordering = ruleOf(definition.ordering);
  const substrings = ruleOf(definition.substrings);
  const name = definition.names[0] ?? definition.oid;
  return {
    definition,
    oid: definition.oid,
    name,
    key: name.toLowerCase(),
    superior,
    syntax: definition.syntax ?? superior?.syntax,
    equality:
      definition.equality === undefined ? superior?.equality : equality?.kind === "equality" ? equality : undefined,
    ordering:
      definition.ordering === undefined ? superior?.ordering : ordering?.kind === "ordering" ? ordering : undefined,
    substrings:
      definition.substrings === undefined
        ? superior?.substrings
        : substrings?.kind === "substrings"
          ? substrings
          : undefined,
    isOperational: definition.usage !== "userApplications",
  };
}

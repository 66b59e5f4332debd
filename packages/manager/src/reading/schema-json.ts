/** The schema (RFC 4512 §4.2) as JSON, made once for each schema that was read. */
import { createHash } from "node:crypto";
import { type AttributeType, parseLdapSyntax, parseMatchingRule, type Schema } from "@espalier/ldap";
import type { z } from "zod";
import type { attributeTypeSchema, schemaAnswer } from "./schema-routes.ts";

type SchemaJson = z.input<typeof schemaAnswer>;

export interface TaggedSchema {
  readonly json: SchemaJson;
  /** RFC 9110 §8.8.3 */
  readonly etag: string;
}

const made = new WeakMap<Schema, TaggedSchema>();

export function taggedSchema(schema: Schema): TaggedSchema {
  const known = made.get(schema);
  if (known !== undefined) return known;
  const json = schemaJson(schema);
  const digest = createHash("sha256").update(JSON.stringify(json)).digest("base64url");
  const tagged = { json, etag: `"${digest.slice(0, 22)}"` };
  made.set(schema, tagged);
  return tagged;
}

function schemaJson(schema: Schema): SchemaJson {
  return {
    objectClasses: schema.objectClasses.map((objectClass) => ({
      ...named(objectClass),
      isObsolete: objectClass.obsolete,
      kind: objectClass.kind,
      superiors: [...objectClass.superiors],
      chain: schema
        .superclasses(objectClass.oid)
        .slice(1)
        .map(({ names, oid }) => names[0] ?? oid),
      must: [...objectClass.must],
      may: [...objectClass.may],
    })),
    attributeTypes: schema.attributeTypes.map(attributeTypeJson),
    // Both are as the schema has accepted them already.
    syntaxes: schema.definitions.ldapSyntaxes.map((text) => {
      const { oid, description } = parseLdapSyntax(text);
      return { oid, ...(description === undefined ? {} : { description }) };
    }),
    matchingRules: schema.definitions.matchingRules.map((text) => {
      const rule = parseMatchingRule(text);
      return { ...named(rule), ...(rule.syntax === undefined ? {} : { syntax: rule.syntax }) };
    }),
    problems: schema.problems.map(({ definition, message }) => ({ definition, message })),
  };
}

function attributeTypeJson(type: AttributeType): z.input<typeof attributeTypeSchema> {
  const { definition, syntax } = type;
  const chain = [...superiors(type)];
  // The names of rules, also of those that this library does not perform.
  const inherited = (rule: "equality" | "ordering" | "substrings") =>
    [type, ...chain].map((one) => one.definition[rule]).find((name) => name !== undefined);
  const [equality, ordering, substrings] = [inherited("equality"), inherited("ordering"), inherited("substrings")];
  return {
    ...named(definition),
    isObsolete: definition.obsolete,
    ...(definition.superior === undefined ? {} : { superior: definition.superior }),
    chain: chain.map(({ name }) => name),
    ...(syntax === undefined ? {} : { syntax }),
    ...(equality === undefined ? {} : { equality }),
    ...(ordering === undefined ? {} : { ordering }),
    ...(substrings === undefined ? {} : { substrings }),
    isSingleValued: definition.singleValue,
    isCollective: definition.collective,
    isReadOnly: definition.noUserModification,
    usage: definition.usage,
  };
}

/** Ends: a type that would be its own supertype has none. */
function* superiors(type: AttributeType): Generator<AttributeType> {
  for (let above = type.superior; above !== undefined; above = above.superior) yield above;
}

interface Named {
  readonly oid: string;
  readonly names: readonly string[];
  readonly description: string | undefined;
}

function named({ oid, names, description }: Named) {
  return { oid, names: [...names], ...(description === undefined ? {} : { description }) };
}

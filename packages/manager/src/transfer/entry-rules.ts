/** What is wrong with an entry as far as the schema says: RFC 4512 §2.4, §2.5 and §4.1, values by RFC 4517. */
import {
  type AttributeType,
  type EqualityRule,
  type ObjectClassDefinition,
  ParseError,
  type PartialAttribute,
  parseDn,
  type Schema,
  SyntaxOid,
} from "@espalier/ldap";

export interface EntryRules {
  readonly schema: Schema;
  /** One chain of structural classes, and the values of the name among the attributes: 389-DS and Active Directory are lenient. */
  readonly isStrict: boolean;
}

/** Sentences; none where nothing is wrong. Values are not in them: they may be secret. */
export function entryProblems(dn: string, attributes: readonly PartialAttribute[], rules: EntryRules): string[] {
  const name = nameProblem(dn);
  return [
    ...(name === undefined ? [] : [name]),
    ...attributes.flatMap((attribute) => attributeProblems(attribute, rules.schema)),
    ...classProblems(attributes, rules),
    ...(name === undefined && rules.isStrict ? namingProblems(dn, attributes, rules.schema) : []),
  ];
}

export function nameProblem(dn: string): string | undefined {
  try {
    if (parseDn(dn).length === 0) return "The entry has no name.";
    return undefined;
  } catch (error) {
    if (error instanceof ParseError) return `The name is not a DN: ${error.message}.`;
    throw error;
  }
}

/** Its type, its values by syntax, and how many there are. */
export function attributeProblems({ type, values }: PartialAttribute, schema: Schema): string[] {
  const attribute = typeOf(type, schema);
  if (attribute === undefined) return [`The directory does not know the attribute ${type}.`];
  const { definition } = attribute;
  if (definition.noUserModification) return [`${type} is kept by the server itself.`];
  const rule = attribute.equality ?? ruleOfSyntax(attribute, schema);
  const keys = values.map((value) => (rule === undefined ? "" : rule.normalize(value)));
  const problems: string[] = [];
  if (definition.singleValue && values.length > 1)
    problems.push(`${type} has ${values.length} values, and may have one.`);
  if (keys.includes(undefined)) problems.push(`A value of ${type} is not written as its syntax wants.`);
  if (attribute.equality !== undefined && new Set(keys).size < keys.length) problems.push(`${type} has a value twice.`);
  return problems;
}

function classProblems(attributes: readonly PartialAttribute[], { schema, isStrict }: EntryRules): string[] {
  const objectClass = schema.attribute("objectClass");
  const given = attributes.filter(({ type }) => typeOf(type, schema) === objectClass).flatMap(({ values }) => values);
  const names = given.map((value) => new TextDecoder().decode(value));
  if (names.length === 0) return ["The entry has no objectClass."];
  const unknown = names.filter((name) => schema.objectClass(name) === undefined);
  if (unknown.length > 0) return [`The directory does not know the object class ${unknown.join(", ")}.`];
  const classes = new Set(names.flatMap((name) => schema.superclasses(name)));
  return [
    ...(isStrict ? structureProblems([...classes], schema) : []),
    ...contentProblems(attributes, classes, schema),
  ];
}

/** RFC 4512 §2.4.2: structural classes form one chain. */
function structureProblems(classes: readonly ObjectClassDefinition[], schema: Schema): string[] {
  const structural = classes.filter(({ kind }) => kind === "STRUCTURAL");
  if (structural.length === 0) return ["None of the object classes is structural."];
  const lowest = structural.filter(
    (each) => !structural.some((other) => other !== each && schema.superclasses(other.oid).includes(each)),
  );
  if (lowest.length === 1) return [];
  return [`The object classes ${lowest.map(({ names, oid }) => names[0] ?? oid).join(" and ")} exclude each other.`];
}

function contentProblems(
  attributes: readonly PartialAttribute[],
  classes: ReadonlySet<ObjectClassDefinition>,
  schema: Schema,
): string[] {
  const present = new Set(attributes.flatMap(({ type }) => typeOf(type, schema) ?? []));
  const allowed = new Set<AttributeType>();
  const missing = new Set<string>();
  let allowsAll = false;
  for (const { oid, names, must, may } of classes) {
    if (names.some((name) => name.toLowerCase() === "extensibleobject")) allowsAll = true;
    const content = schema.contentRule(oid);
    for (const name of [...must, ...(content?.must ?? [])]) {
      const attribute = schema.attribute(name);
      if (attribute === undefined) continue;
      allowed.add(attribute);
      if (!present.has(attribute)) missing.add(attribute.name);
    }
    for (const name of [...may, ...(content?.may ?? [])]) {
      const attribute = schema.attribute(name);
      if (attribute !== undefined) allowed.add(attribute);
    }
  }
  const foreign = [...present].filter((each) => !allowsAll && !each.isOperational && !allowed.has(each));
  return [
    ...[...missing].map((name) => `The object classes demand ${name}.`),
    ...foreign.map(({ name }) => `The object classes do not allow ${name}.`),
  ];
}

function namingProblems(dn: string, attributes: readonly PartialAttribute[], schema: Schema): string[] {
  return (parseDn(dn)[0] ?? []).flatMap(({ type, value }) => {
    const attribute = schema.attribute(type);
    const rule = attribute?.equality;
    if (attribute === undefined) return [`The directory does not know the attribute ${type} of the name.`];
    if (rule === undefined || typeof value !== "string") return [];
    const key = rule.normalize(new TextEncoder().encode(value));
    const values = attributes.filter((each) => typeOf(each.type, schema) === attribute).flatMap((each) => each.values);
    return values.some((each) => rule.normalize(each) === key)
      ? []
      : [`The value of ${type} in the name is not among the attributes.`];
  });
}

function typeOf(description: string, schema: Schema): AttributeType | undefined {
  return schema.attribute(description.split(";")[0] ?? "");
}

/** Types without an equality rule still have a syntax. */
function ruleOfSyntax({ syntax }: AttributeType, schema: Schema): EqualityRule | undefined {
  const name = syntax === undefined ? undefined : rulesBySyntax.get(syntax);
  const rule = name === undefined ? undefined : schema.matchingRule(name);
  return rule?.kind === "equality" ? rule : undefined;
}

const rulesBySyntax: ReadonlyMap<string, string> = new Map([
  [SyntaxOid.directoryString, "caseExactMatch"],
  [SyntaxOid.ia5String, "caseExactIA5Match"],
  [SyntaxOid.dn, "distinguishedNameMatch"],
  [SyntaxOid.integer, "integerMatch"],
  [SyntaxOid.boolean, "booleanMatch"],
  [SyntaxOid.generalizedTime, "generalizedTimeMatch"],
]);

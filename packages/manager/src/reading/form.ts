/** What a form for an entry needs: the attributes that its object classes require and allow (RFC 4512 §2.4). */
import { type AttributeType, type ObjectClassDefinition, parseDn, type Schema } from "@espalier/ldap";
import type { z } from "zod";
import { type Editor, editorOf } from "./editor.ts";
import type { schemaRoutes } from "./schema-routes.ts";

type Form = z.input<(typeof schemaRoutes)["GET /clusters/{cluster}/form"]["response"]>;
type FormAttribute = Form["attributes"][number];

interface Wanted {
  readonly name: string;
  readonly type: AttributeType | undefined;
  isRequired: boolean;
  readonly by: Set<string>;
}

/** @param dn the entry's, where there is one: its RDN says which attributes name it */
export function formOf(schema: Schema, objectClasses: readonly string[], dn?: string): Form {
  const named = objectClasses.map((name) => ({ name, definition: schema.objectClass(name) }));
  const classes = new Set(named.flatMap(({ name }) => schema.superclasses(name)));
  const structural = mostSpecific(schema, [...classes]);
  const rule = structural === undefined ? undefined : schema.contentRule(structural.oid);
  const attributes = new Map<string, Wanted>();
  const add = (names: readonly string[], by: string, isRequired: boolean) => {
    for (const name of names) {
      const type = schema.attribute(name);
      const key = type?.key ?? name.toLowerCase();
      const known = attributes.get(key) ?? { name: type?.name ?? name, type, isRequired: false, by: new Set<string>() };
      known.isRequired ||= isRequired;
      known.by.add(by);
      attributes.set(key, known);
    }
  };
  for (const objectClass of classes) {
    add(objectClass.must, nameOf(objectClass), true);
    add(objectClass.may, nameOf(objectClass), false);
  }
  if (rule !== undefined) {
    add(rule.must, rule.names[0] ?? rule.oid, true);
    add(rule.may, rule.names[0] ?? rule.oid, false);
    for (const name of rule.not) attributes.delete(schema.attribute(name)?.key ?? name.toLowerCase());
  }
  const naming = namingTypes(schema, dn);
  const unknown = named.filter(({ definition }) => definition === undefined);
  return {
    objectClasses: named.map(({ name, definition }) => ({
      name: definition === undefined ? name : nameOf(definition),
      kind: definition?.kind ?? "unknown",
      ...(definition?.description === undefined ? {} : { description: definition.description }),
    })),
    ...(structural === undefined ? {} : { structural: nameOf(structural) }),
    auxiliary: auxiliaryClasses(schema, rule?.auxiliary)
      .filter((objectClass) => !classes.has(objectClass))
      .map(nameOf)
      .sort((one, other) => one.localeCompare(other)),
    attributes: [...attributes.values()]
      .map((wanted) => attributeJson(wanted, naming))
      .sort((one, other) => Number(other.isRequired) - Number(one.isRequired) || one.name.localeCompare(other.name)),
    takesAnything: [...classes].some(({ oid }) => oid === extensibleObject),
    problems: [
      ...unknown.map(({ name }) => `The schema has no object class ${name}: its attributes are not known.`),
      ...[...attributes.values()].flatMap(({ name, type }) =>
        type === undefined ? [`The schema has no attribute ${name}: it is edited as text.`] : [],
      ),
    ],
  };
}

/** RFC 4512 §4.3. */
const extensibleObject = "1.3.6.1.4.1.1466.101.120.111";

function attributeJson({ name, type, isRequired, by }: Wanted, naming: ReadonlySet<string>): FormAttribute {
  const definition = type?.definition;
  const editor: Editor = type === undefined ? "text" : editorOf(type);
  return {
    name,
    names: definition === undefined || definition.names.length === 0 ? [name] : [...definition.names],
    ...(definition?.description === undefined ? {} : { description: definition.description }),
    isRequired,
    isSingleValued: definition?.singleValue ?? false,
    isReadOnly: definition?.noUserModification ?? false,
    isNaming: naming.has(type?.key ?? name.toLowerCase()),
    ...(type?.syntax === undefined ? {} : { syntax: type.syntax }),
    editor,
    by: [...by],
  };
}

/** The structural class that is above no other one of the entry's; an entry has one chain of them (§2.4.2). */
function mostSpecific(schema: Schema, classes: readonly ObjectClassDefinition[]): ObjectClassDefinition | undefined {
  const structural = classes.filter(({ kind }) => kind === "STRUCTURAL");
  const isAboveAnother = (one: ObjectClassDefinition) =>
    structural.some((other) => other !== one && schema.superclasses(other.oid).includes(one));
  // In a circle of SUPs every class is above another.
  return structural.find((one) => !isAboveAnother(one)) ?? structural[0];
}

/** @param allowed by the DIT content rule (§4.1.6); all, where there is none */
function auxiliaryClasses(schema: Schema, allowed: readonly string[] | undefined): ObjectClassDefinition[] {
  if (allowed === undefined)
    return schema.objectClasses.filter(({ kind, obsolete }) => kind === "AUXILIARY" && !obsolete);
  return allowed.flatMap((name) => schema.objectClass(name) ?? []);
}

function namingTypes(schema: Schema, dn: string | undefined): ReadonlySet<string> {
  const [rdn = []] = dn === undefined ? [] : parseDn(dn);
  return new Set(rdn.map(({ type }) => schema.attribute(type)?.key ?? type.toLowerCase()));
}

function nameOf({ names, oid }: ObjectClassDefinition): string {
  return names[0] ?? oid;
}

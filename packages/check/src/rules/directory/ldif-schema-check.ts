/** Which attributes an entry lacks that its object classes must have, RFC 4512 §2.4. */
import { parseDn } from "@espalier/ldap/dn";
import {
  builtInSchema,
  parseAttributeDescription,
  type Schema,
  type SubschemaDefinitions,
} from "@espalier/ldap/schema";
import type { Project } from "../../engine/project.ts";
import { definitionsInLdif } from "../../inputs/ldif-schema.ts";
import type { LdifEntry } from "./ldif-tree.ts";

/** The standard schema with what the files that are checked define. */
export function schemaOf(project: Project): Schema {
  const found: readonly SubschemaDefinitions[] = [
    ...project.of("ldapSchema").map(({ definitions }) => definitions),
    ...project.of("ldif").map((file) => definitionsInLdif(file)),
  ];
  const attributeTypes = found.flatMap((each) => each.attributeTypes ?? []);
  const objectClasses = found.flatMap((each) => each.objectClasses ?? []);
  return attributeTypes.length + objectClasses.length === 0
    ? builtInSchema
    : builtInSchema.extend({ attributeTypes, objectClasses });
}

export interface MissingAttribute {
  readonly attribute: string;
  readonly objectClass: string;
}

/** Each attribute once. What is in the name counts as there: servers add it. */
export function missingAttributes(entry: LdifEntry, schema: Schema): readonly MissingAttribute[] {
  const classes = entry.attributes.find(({ type }) => /^(?:objectClass|2\.5\.4\.0)$/i.test(type))?.values ?? [];
  const present = new Set<string>();
  const types = [...entry.attributes.map(({ type }) => type), ...(parseDn(entry.dn)[0] ?? []).map(({ type }) => type)];
  for (const type of types) {
    const name = parseAttributeDescription(type)?.type ?? type;
    for (let each = schema.attribute(name); each !== undefined; each = each.superior) present.add(each.key);
    present.add(name.toLowerCase());
  }
  const missing = new Map<string, MissingAttribute>();
  for (const name of classes.map((value) => Buffer.from(value).toString())) {
    for (const { names, oid, must } of schema.superclasses(name)) {
      for (const attribute of must) {
        const key = schema.attribute(attribute)?.key ?? attribute.toLowerCase();
        if (present.has(key) || missing.has(key)) continue;
        missing.set(key, { attribute, objectClass: names[0] ?? oid });
      }
    }
  }
  return [...missing.values()];
}

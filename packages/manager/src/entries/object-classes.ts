/** What an entry's object classes ask of it and let it have, RFC 4512 §2.4. A class that the schema does not have says nothing. */
import { normalizeDn, type Schema } from "@espalier/ldap";

/** Names as the schema's first one, in lower case. */
export interface ClassRules {
  readonly must: ReadonlySet<string>;
  readonly may: ReadonlySet<string>;
}

export function classRules(schema: Schema, objectClasses: readonly string[]): ClassRules {
  const keyOf = (name: string) => schema.attribute(name)?.key ?? name.toLowerCase();
  const classes = objectClasses.flatMap((name) => schema.superclasses(name));
  return {
    must: new Set(classes.flatMap(({ must }) => must.map(keyOf))),
    may: new Set(classes.flatMap(({ may }) => may.map(keyOf))),
  };
}

/** Attributes that a person has to give and that are not among `present`: what the server keeps itself is not among them. */
export function missingAttributes(
  schema: Schema,
  objectClasses: readonly string[],
  present: Iterable<string>,
): { readonly attribute: string; readonly objectClass: string }[] {
  const keyOf = (name: string) => schema.attribute(name.split(";")[0] ?? "")?.key ?? name.toLowerCase();
  const there = new Set([...present].map(keyOf));
  const missing = new Map<string, { attribute: string; objectClass: string }>();
  for (const objectClass of objectClasses.flatMap((name) => schema.superclasses(name))) {
    for (const attribute of objectClass.must) {
      const type = schema.attribute(attribute);
      if (there.has(keyOf(attribute)) || type?.isOperational || type?.definition.noUserModification) continue;
      if (keyOf(attribute) === "objectclass" || missing.has(keyOf(attribute))) continue;
      missing.set(keyOf(attribute), { attribute, objectClass: objectClass.names[0] ?? objectClass.oid });
    }
  }
  return [...missing.values()];
}

const decoder = new TextDecoder();

/** The name in a value of DN syntax, as `normalizeDn` has it; `undefined` where it is none. */
export function dnValueKey(value: Uint8Array | string, schema: Schema): string | undefined {
  try {
    return normalizeDn(typeof value === "string" ? value : decoder.decode(value), schema);
  } catch {
    return undefined;
  }
}

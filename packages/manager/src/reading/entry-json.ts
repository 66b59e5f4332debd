/** Entries as answers have them: user and operational attributes apart, by their usage in the schema (RFC 4512 §4.1.2). */
import type { PartialAttribute, Schema } from "@espalier/ldap";
import type { SearchEntry } from "@espalier/ldap/client";
import type { EntryJson } from "../api/entry.ts";
import { type Attributes, isSecretAttribute, type ValueOptions, valueJson } from "../api/value.ts";
import type { ServerFacts } from "../clusters/cluster.ts";

export interface EntryContext extends ValueOptions {
  readonly schema: Schema;
  readonly facts: Pick<ServerFacts, "versionAttribute">;
}

export function entryJson(entry: SearchEntry, { schema, facts, ...options }: EntryContext): EntryJson {
  const isOperational = ({ type }: PartialAttribute) => schema.attribute(baseName(type))?.isOperational === true;
  const json = (attributes: readonly PartialAttribute[]): Attributes =>
    Object.fromEntries(attributes.map((attribute) => [attribute.type, valuesJson(attribute, schema, options)]));
  const operational = entry.attributes.filter(isOperational);
  const user = operational.length === 0 ? entry.attributes : entry.attributes.filter((one) => !isOperational(one));
  const version = textOf(entry, facts.versionAttribute);
  return {
    dn: entry.objectName,
    attributes: json(user),
    ...(operational.length === 0 ? {} : { operational: json(operational) }),
    ...(version === undefined ? {} : { version }),
  };
}

function valuesJson({ type, values }: PartialAttribute, schema: Schema, options: ValueOptions) {
  const name = secretName(type, schema) ?? type;
  return values.map((value) => valueJson(name, value, options));
}

/**
 * The name by which a description is known for a secret; `undefined` for what is none. Some servers call an attribute what the
 * request called it: `2.5.4.35` is a userPassword.
 */
export function secretName(description: string, schema: Schema): string | undefined {
  if (isSecretAttribute(description)) return description;
  const type = schema.attribute(baseName(description));
  return type?.definition.names.find((name) => isSecretAttribute(name));
}

/** The secrets among an entry's attributes, as the entry calls them. */
export function secretsOf(entry: SearchEntry, schema: Schema): string[] {
  return entry.attributes.flatMap(({ type, values }) =>
    values.length > 0 && secretName(type, schema) !== undefined ? [type] : [],
  );
}

/** The first value as text; `undefined` also for one that is not UTF-8. */
export function textOf(entry: SearchEntry, attribute: string): string | undefined {
  return textsOf(entry, attribute)[0];
}

/** Values that are not UTF-8 are left out. */
export function textsOf(entry: SearchEntry, attribute: string): string[] {
  return entry.values(attribute).flatMap((value) => {
    const text = Buffer.from(value).toString("utf8");
    return text.includes("\ufffd") ? [] : [text];
  });
}

/** An attribute description without its options. */
export function baseName(description: string): string {
  const semicolon = description.indexOf(";");
  return semicolon === -1 ? description : description.slice(0, semicolon);
}

/** The definitions of a schema, as a directory publishes them (RFC 4512 §4.2): of a backup, and in an order that a server takes. */
import { parseAttributeType, parseObjectClass } from "@espalier/ldap";
import { BackupError } from "../backup-error.ts";
import { type DirectoryEntry, entriesOf } from "../parts/ldap-part.ts";
import type { Bytes } from "../parts/part.ts";

export interface Definitions {
  readonly attributeTypes: readonly string[];
  readonly objectClasses: readonly string[];
}

/** Of the part `ldap-schema:NAME`. */
export async function definitionsOf(schema: Bytes): Promise<Definitions> {
  for await (const entry of entriesOf(schema)) {
    return { attributeTypes: textsOf(entry, "attributetypes"), objectClasses: textsOf(entry, "objectclasses") };
  }
  throw new BackupError("failed", "The backup holds no schema.");
}

function textsOf({ attributes }: DirectoryEntry, name: string): string[] {
  const values = attributes.find(({ type }) => type.toLowerCase() === name)?.values ?? [];
  return values.map((value) => Buffer.from(value).toString("utf8"));
}

/** What the other knows beyond `known`, each after those that it builds on. */
export function missingDefinitions(known: Definitions, wanted: Definitions): Definitions {
  return {
    attributeTypes: ordered(known.attributeTypes, wanted.attributeTypes, (text) => {
      const { oid, names, superior } = parseAttributeType(text);
      return { oid, names, superiors: superior === undefined ? [] : [superior] };
    }),
    objectClasses: ordered(known.objectClasses, wanted.objectClasses, parseObjectClass),
  };
}

interface Definition {
  readonly oid: string;
  readonly names: readonly string[];
  readonly superiors: readonly string[];
}

function ordered(bare: readonly string[], wanted: readonly string[], parse: (text: string) => Definition): string[] {
  const known = new Set(bare.map((text) => parse(text).oid));
  const missing = wanted.map((text) => ({ text, ...parse(text) })).filter(({ oid }) => !known.has(oid));
  const byName = new Map(
    missing.flatMap((each) => [each.oid, ...each.names].map((name) => [name.toLowerCase(), each])),
  );
  const result: string[] = [];
  const placed = new Set<string>();
  const place = (definition: (typeof missing)[number]) => {
    if (placed.has(definition.oid)) return;
    placed.add(definition.oid);
    for (const superior of definition.superiors) {
      const above = byName.get(superior.toLowerCase());
      if (above !== undefined) place(above);
    }
    result.push(definition.text);
  };
  for (const definition of missing) place(definition);
  return result;
}

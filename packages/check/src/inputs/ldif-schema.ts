/** Definitions of schema: `*.schema` files of OpenLDAP (slapd.conf(5)), and LDIF of cn=config and of cn=schema. */
import type { SubschemaDefinitions } from "@espalier/ldap";
import { defineFormat } from "./format.ts";
import type { LdifFile } from "./ldif.ts";
import type { SourceFile } from "./source-file.ts";

export interface LdapSchemaFile {
  readonly file: SourceFile;
  readonly definitions: SubschemaDefinitions;
}

export const ldapSchemaFormat = defineFormat({
  kind: "ldapSchema",
  recognizes: ({ path, text }) => /\.schema$/i.test(path) && /^(?:attributetype|objectclass)\s/im.test(text),
  parse: (file) => [{ file, definitions: parseSchemaFile(file.text) }],
});

/** Never fails: what cannot be read of it defines nothing. */
export function parseSchemaFile(text: string): SubschemaDefinitions {
  const oids = new Map<string, string>();
  const attributeTypes: string[] = [];
  const objectClasses: string[] = [];
  for (const directive of directivesOf(text)) {
    const [, keyword = "", rest = ""] = /^(\w+)\s+(.*)$/s.exec(directive) ?? [];
    switch (keyword.toLowerCase()) {
      case "objectidentifier": {
        const [name, oid] = rest.trim().split(/\s+/);
        if (name !== undefined && oid !== undefined) oids.set(name.toLowerCase(), resolveOid(oid, oids));
        break;
      }
      case "attributetype":
        attributeTypes.push(withOid(rest, oids));
        break;
      case "objectclass":
        objectClasses.push(withOid(rest, oids));
        break;
    }
  }
  return { attributeTypes, objectClasses };
}

/** Lines that begin with white space continue the one before. */
function directivesOf(text: string): readonly string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .split(/\n(?=\S)/)
    .map((directive) => directive.replaceAll("\n", " ").trim());
}

/** `name` or `name:1.2` with a name that an `objectidentifier` line has given. */
function resolveOid(text: string, oids: ReadonlyMap<string, string>): string {
  const [name = "", suffix] = text.split(":");
  const oid = oids.get(name.toLowerCase());
  if (oid === undefined) return text;
  return suffix === undefined ? oid : `${oid}.${suffix}`;
}

function withOid(definition: string, oids: ReadonlyMap<string, string>): string {
  return definition.replace(/^(\s*\(\s*)([^\s()]+)/, (_, open: string, oid: string) => open + resolveOid(oid, oids));
}

const inLdif: ReadonlyMap<string, "attributeTypes" | "objectClasses"> = new Map([
  ["olcattributetypes", "attributeTypes"],
  ["attributetypes", "attributeTypes"],
  ["olcobjectclasses", "objectClasses"],
  ["objectclasses", "objectClasses"],
] as const);

/** What an LDIF file adds to a schema, as entries of cn=config have it (`{0}( … )`) or changes of cn=schema. */
export function definitionsInLdif({ records }: LdifFile): SubschemaDefinitions {
  const found: Record<"attributeTypes" | "objectClasses", string[]> = { attributeTypes: [], objectClasses: [] };
  for (const { record } of records) {
    const attributes =
      record.type === "content" || record.type === "add"
        ? record.attributes
        : record.type === "modify"
          ? record.changes.filter(({ operation }) => operation !== "delete").map(({ modification }) => modification)
          : [];
    for (const { type, values } of attributes) {
      const kind = inLdif.get(type.toLowerCase());
      if (kind === undefined) continue;
      found[kind].push(
        ...values.map((value) =>
          Buffer.from(value)
            .toString()
            .replace(/^\{\d+\}/, ""),
        ),
      );
    }
  }
  return found;
}

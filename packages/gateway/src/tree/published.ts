/** What anybody may read: the root DSE (RFC 4512 §5.1), which names what works and nothing else, and the subschema (§4.2). */
import { Oid, type Schema } from "@espalier/ldap";
import type { ContentAttribute, EntryContent } from "./entry-content.ts";
import { generalizedTime, subschemaDn, type Tree } from "./tree.ts";

/** Controls that the gateway honours. */
export const searchControls = [Oid.pagedResults, Oid.serverSideSortRequest, Oid.manageDsaIT, Oid.assertion] as const;
export const bindControls = [Oid.passwordPolicy] as const;

export function rootDse(tree: Tree, about: { version: string; startTls: boolean }): EntryContent {
  const extensions = [Oid.whoAmI, Oid.cancel, ...(about.startTls ? [Oid.startTls] : [])];
  return {
    dn: "",
    attributes: [["objectClass", ["top"]]],
    operational: [
      ["namingContexts", [tree.base]],
      ["defaultNamingContext", [tree.base]],
      ["supportedLDAPVersion", ["3"]],
      ["supportedControl", [...new Set<string>([...searchControls, ...bindControls])]],
      ["supportedExtension", extensions],
      ["supportedFeatures", [Oid.allOperationalAttributes, Oid.absoluteTrueFalseFilters]],
      ["subschemaSubentry", [subschemaDn]],
      ["vendorName", ["Espalier"]],
      ["vendorVersion", [about.version]],
    ],
  };
}

export function subschema(schema: Schema, changed: Date): EntryContent {
  const { definitions } = schema;
  const lists: ContentAttribute[] = [
    ["ldapSyntaxes", definitions.ldapSyntaxes ?? []],
    ["matchingRules", definitions.matchingRules ?? []],
    ["matchingRuleUse", definitions.matchingRuleUse ?? []],
    ["attributeTypes", definitions.attributeTypes ?? []],
    ["objectClasses", definitions.objectClasses ?? []],
  ];
  const time = generalizedTime(changed);
  return {
    dn: subschemaDn,
    attributes: [
      ["objectClass", ["top", "subentry", "subschema"]],
      ["cn", ["Subschema"]],
    ],
    operational: [
      ...lists.filter(([, values]) => values.length > 0),
      ["structuralObjectClass", ["subentry"]],
      ["subschemaSubentry", [subschemaDn]],
      ["createTimestamp", [time]],
      ["modifyTimestamp", [time]],
    ],
  };
}

/** The shape of the directory tree: which entry stands where under the base DN, and what the fixed entries say. */
import { escapeDnValue, formatDn, normalizeDn, parseDn, type Schema } from "@espalier/ldap";
import type { ContentAttribute, EntryContent } from "./entry-content.ts";
import { entryUuid } from "./entry-uuid.ts";

/** `flat`: users and groups right under the base. `ou`: under `ou=users` and `ou=groups`. */
export type Placement = "flat" | "ou";

/** When an entry came to be and last changed, as GeneralizedTime. */
export interface Timestamps {
  readonly createTimestamp: string;
  readonly modifyTimestamp: string;
}

export interface Tree {
  readonly schema: Schema;
  /** The naming context as configured, in RFC 4514 form. */
  readonly base: string;
  readonly baseKey: string;
  readonly usersDn: string;
  readonly groupsDn: string;
  readonly placement: Placement;
  /** The base's domain (`dc=example,dc=com` → `example.com`), empty when the base is not made of dc parts alone. */
  readonly domain: string;
  userDn(username: string): string;
  groupDn(name: string): string;
  /** The normalized DN: equal for DNs that name the same entry. @throws ParseError `ERR_DN` */
  key(dn: string): string;
}

export function createTree(options: { base: string; placement: Placement; schema: Schema }): Tree {
  const { schema, placement } = options;
  const parsed = parseDn(options.base);
  const base = formatDn(parsed);
  const usersDn = placement === "ou" ? `ou=users,${base}` : base;
  const groupsDn = placement === "ou" ? `ou=groups,${base}` : base;
  const labels = parsed.map((rdn) => (rdn.length === 1 && rdn[0]!.type.toLowerCase() === "dc" ? rdn[0]!.value : ""));
  return {
    schema,
    base,
    baseKey: normalizeDn(base, schema),
    usersDn,
    groupsDn,
    placement,
    domain: labels.every((label) => typeof label === "string" && label !== "") ? labels.join(".") : "",
    userDn: (username) => `uid=${escapeDnValue(username)},${usersDn}`,
    groupDn: (name) => `cn=${escapeDnValue(name)},${groupsDn}`,
    key: (dn) => normalizeDn(dn, schema),
  };
}

/** The base entry and, where the tree has them, the two organizational units; superiors first. */
export function fixedEntries(tree: Tree, times: Timestamps): EntryContent[] {
  const dns = tree.placement === "ou" ? [tree.base, tree.usersDn, tree.groupsDn] : [tree.base];
  return dns.map((dn) => {
    const { attributes, structural } = namingAttributes(dn);
    return {
      dn,
      attributes,
      operational: operationalAttributes(tree, dn, { structural, hasSubordinates: true, ...times }),
    };
  });
}

/** The classes and attributes of an entry that exists only to stand above others, by the type of its RDN. */
function namingAttributes(dn: string): { attributes: ContentAttribute[]; structural: string } {
  const { type, value } = parseDn(dn)[0]![0]!;
  const text = String(value);
  switch (type.toLowerCase()) {
    case "dc":
      return {
        structural: "organization",
        attributes: [
          ["objectClass", ["top", "dcObject", "organization"]],
          ["dc", [text]],
          ["o", [text]],
        ],
      };
    case "o":
      return {
        structural: "organization",
        attributes: [
          ["objectClass", ["top", "organization"]],
          ["o", [text]],
        ],
      };
    case "ou":
      return {
        structural: "organizationalUnit",
        attributes: [
          ["objectClass", ["top", "organizationalUnit"]],
          ["ou", [text]],
        ],
      };
    case "c":
      return {
        structural: "country",
        attributes: [
          ["objectClass", ["top", "country"]],
          ["c", [text]],
        ],
      };
    default:
      return {
        structural: "extensibleObject",
        attributes: [
          ["objectClass", ["top", "extensibleObject"]],
          [type, [text]],
        ],
      };
  }
}

/** Operational attributes that every entry has. RFC 4512 §3.4 and §4.2, RFC 4530, RFC 5020, X.501 hasSubordinates. */
export function operationalAttributes(
  tree: Tree,
  dn: string,
  about: Timestamps & { structural: string; hasSubordinates?: boolean; memberOf?: readonly string[] },
): ContentAttribute[] {
  const attributes: ContentAttribute[] = [
    ["structuralObjectClass", [about.structural]],
    ["entryUUID", [entryUuid(tree.key(dn))]],
    ["entryDN", [dn]],
    ["subschemaSubentry", [subschemaDn]],
    ["hasSubordinates", [about.hasSubordinates ? "TRUE" : "FALSE"]],
    ["createTimestamp", [about.createTimestamp]],
    ["modifyTimestamp", [about.modifyTimestamp]],
  ];
  if (about.memberOf && about.memberOf.length > 0) attributes.push(["memberOf", about.memberOf]);
  return attributes;
}

export const subschemaDn = "cn=Subschema";

/** GeneralizedTime in UTC to the second, RFC 4517 §3.3.13: `20260131235959Z`. */
export function generalizedTime(time: Date): string {
  return `${time.toISOString().replace(/\D/g, "").slice(0, 14)}Z`;
}

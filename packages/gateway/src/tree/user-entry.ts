/** The entry of a user: inetOrgPerson (RFC 2798) with posixAccount (RFC 2307), and the defaults clients rely on. */
import type { Schema } from "@espalier/ldap";
import type { User } from "../source/source.ts";
import type { ContentAttribute, EntryContent } from "./entry-content.ts";
import { operationalAttributes, type Timestamps, type Tree } from "./tree.ts";

export interface UserDefaults {
  /** Whether a user without `mail` gets `<username>@<domain of the base>`. */
  readonly inventMail: boolean;
}

const userClasses = ["top", "person", "organizationalPerson", "inetOrgPerson", "posixAccount"] as const;

export function userEntry(
  tree: Tree,
  user: User,
  defaults: UserDefaults,
  about: Timestamps & { memberOf: readonly string[] },
): EntryContent {
  const dn = tree.userDn(user.username);
  const cn = commonName(user);
  const mail = mailOf(tree, user, defaults);
  const attributes: ContentAttribute[] = [
    ["objectClass", user.sshPublicKeys.length > 0 ? [...userClasses, "ldapPublicKey"] : userClasses],
    ["uid", [user.username]],
    ["cn", [cn]],
    ["sn", [user.lastName ?? cn]],
    ["uidNumber", [String(user.uidNumber)]],
    ["gidNumber", [String(user.gidNumber)]],
    ["homeDirectory", [user.homeDirectory ?? `/home/${user.username}`]],
    ["loginShell", [user.loginShell ?? "/bin/bash"]],
    ["gecos", [gecos(cn)]],
  ];
  if (user.firstName !== undefined) attributes.push(["givenName", [user.firstName]]);
  if (mail.length > 0) attributes.push(["mail", mail]);
  if (user.sshPublicKeys.length > 0) attributes.push(["sshPublicKey", [...new Set(user.sshPublicKeys)]]);
  return { dn, attributes, operational: operationalAttributes(tree, dn, { structural: "inetOrgPerson", ...about }) };
}

/** The full name, else first and last name, else either, else the user name. */
function commonName(user: User): string {
  if (user.fullName !== undefined) return user.fullName;
  const parts = [user.firstName, user.lastName].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join(" ") : user.username;
}

function mailOf(tree: Tree, user: User, defaults: UserDefaults): readonly string[] {
  if (user.mail.length > 0) return distinct(tree.schema, "mail", user.mail);
  return defaults.inventMail && tree.domain !== "" ? [`${user.username}@${tree.domain}`] : [];
}

/** Of values that are equal by the attribute's rule, the first. */
function distinct(schema: Schema, attribute: string, values: readonly string[]): readonly string[] {
  if (values.length === 1) return values;
  const { equality } = schema.attribute(attribute)!;
  const byKey = new Map<string, string>();
  for (const value of values) {
    const key = equality!.normalize(Buffer.from(value)) ?? value;
    if (!byKey.has(key)) byKey.set(key, value);
  }
  return [...byKey.values()];
}

/** gecos becomes a field of passwd(5), which a colon or a line break would end. */
function gecos(text: string): string {
  return text.replace(/[:\p{Cc}]+/gu, " ");
}

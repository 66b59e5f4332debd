/** A population as the entries that the gateway must serve for it, in LDIF (RFC 2849) for slapd; written without the gateway's code. */
import { type Population, type PopulationUser, ssha } from "./population.ts";

export type LdifAttribute = readonly [type: string, values: readonly string[]];

export interface LdifEntry {
  readonly dn: string;
  readonly attributes: readonly LdifAttribute[];
}

export interface PopulationEntriesOptions {
  /** Made of dc parts. */
  readonly baseDn: string;
  /** True: users have their `{SSHA}` userPassword, for a server that binds them itself. */
  readonly passwords?: boolean;
}

/** The base, the users with their `memberOf`, and the groups; users that are not active have no entry and no membership. */
export function populationEntries(population: Population, options: PopulationEntriesOptions): LdifEntry[] {
  const { baseDn, passwords = false } = options;
  const labels = baseDn.split(",").map((part) => part.replace(/^dc=/i, ""));
  const domain = labels.join(".");
  const active = population.users.filter((user) => user.status === "active");
  const userDns = new Map(active.map((user) => [user.username, `uid=${escapeRdnValue(user.username)},${baseDn}`]));
  const memberOf = new Map<string, string[]>(active.map((user) => [user.username, []]));
  const groups = population.groups.map((group): LdifEntry => {
    const dn = `cn=${escapeRdnValue(group.name)},${baseDn}`;
    const members = group.members.filter((member) => userDns.has(member));
    for (const member of members) memberOf.get(member)?.push(dn);
    return {
      dn,
      attributes: withValues([
        ["objectClass", ["top", "groupOfNames", "posixGroup"]],
        ["cn", [group.name]],
        ["gidNumber", [String(group.gidNumber)]],
        ["memberUid", members],
        ["member", members.map((member) => userDns.get(member) ?? "")],
      ]),
    };
  });
  const users = active.map((user): LdifEntry => {
    const attributes = userAttributes(user, domain);
    const secret: LdifAttribute[] = passwords ? [["userPassword", [ssha(user.password, user.username)]]] : [];
    const groupDns: LdifAttribute = ["memberOf", memberOf.get(user.username) ?? []];
    return { dn: userDns.get(user.username) ?? "", attributes: withValues([...attributes, ...secret, groupDns]) };
  });
  const [dc = ""] = labels;
  const base: LdifEntry = {
    dn: baseDn,
    attributes: [
      ["objectClass", ["top", "dcObject", "organization"]],
      ["dc", [dc]],
      ["o", [dc]],
    ],
  };
  return [base, ...users, ...groups];
}

/** With what a row leaves out filled in as the replaced system did: names from each other, an address, home and shell. */
function userAttributes(user: PopulationUser, domain: string): LdifAttribute[] {
  const names = [user.firstName, user.lastName].filter((name) => name !== undefined);
  const cn = user.fullName ?? (names.length > 0 ? names.join(" ") : user.username);
  return [
    ["objectClass", ["top", "person", "organizationalPerson", "inetOrgPerson", "posixAccount"]],
    ["uid", [user.username]],
    ["cn", [cn]],
    ["sn", [user.lastName ?? cn]],
    ["givenName", user.firstName === undefined ? [] : [user.firstName]],
    ["uidNumber", [String(user.uidNumber)]],
    ["gidNumber", [String(user.gidNumber)]],
    ["homeDirectory", [user.homeDirectory ?? `/home/${user.username}`]],
    ["loginShell", ["/bin/bash"]],
    ["gecos", [cn.replaceAll(":", " ")]],
    ["mail", [user.mail ?? `${user.username}@${domain}`]],
  ];
}

function withValues(attributes: readonly LdifAttribute[]): LdifAttribute[] {
  return attributes.filter(([, values]) => values.length > 0);
}

/** RFC 4514 §2.4. */
function escapeRdnValue(value: string): string {
  return value
    .replace(/[\\",+;<>]/g, "\\$&")
    .replace(/^[ #]/, "\\$&")
    .replace(/ $/, "\\ ");
}

/** Entries as LDIF text. `more` gives attributes that follow an entry's own, such as operational ones. */
export function formatEntries(
  entries: readonly LdifEntry[],
  more: (dn: string) => readonly LdifAttribute[] = () => [],
): string {
  return entries
    .map(({ dn, attributes }) =>
      [
        ldifLine("dn", dn),
        ...[...attributes, ...more(dn)].flatMap(([type, values]) => values.map((value) => ldifLine(type, value))),
        "",
      ].join("\n"),
    )
    .join("\n");
}

/** RFC 2849: what is not a SAFE-STRING, or ends in a space, is written in base64. */
function ldifLine(type: string, value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: SAFE-CHAR is defined by excluding control characters
  const isSafe = /^[\x01-\x09\x0b\x0c\x0e-\x1f\x21-\x39\x3b\x3d-\x7f][\x01-\x09\x0b\x0c\x0e-\x7f]*$/.test(value);
  if (isSafe && !value.endsWith(" ")) return `${type}: ${value}`;
  return `${type}:: ${Buffer.from(value).toString("base64")}`;
}

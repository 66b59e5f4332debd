/** What the directories of these tests hold. */
import { baseDn } from "./debian-slapd.ts";

export type Values = Readonly<Record<string, string | readonly string[]>>;

export function ldif(entries: readonly (readonly [dn: string, values: Values])[]): string {
  return entries
    .map(([dn, values]) => {
      const lines = Object.entries(values).flatMap(([type, value]) =>
        (typeof value === "string" ? [value] : value).map(
          (each) => `${type}:: ${Buffer.from(each).toString("base64")}`,
        ),
      );
      return `dn:: ${Buffer.from(dn).toString("base64")}\n${lines.join("\n")}\n`;
    })
    .join("\n");
}

export const people = `ou=people,${baseDn}`;
export const groups = `ou=groups,${baseDn}`;

export function unit(name: string, parent = baseDn): readonly [string, Values] {
  return [`ou=${name},${parent}`, { objectClass: "organizationalUnit", ou: name }];
}

export const base: readonly (readonly [string, Values])[] = [
  [baseDn, { objectClass: ["dcObject", "organization"], dc: "example", o: "example" }],
  unit("people"),
  unit("groups"),
];

export function user(uid: string, uidNumber: number, more: Values = {}): readonly [string, Values] {
  return [
    `uid=${uid},${people}`,
    {
      objectClass: ["inetOrgPerson", "posixAccount", "shadowAccount"],
      ...{ uid, cn: `${uid} example`, sn: "example", mail: `${uid}@example.com` },
      ...{ uidNumber: String(uidNumber), gidNumber: "100", homeDirectory: `/home/${uid}` },
      userPassword: `pw-${uid}`,
      ...more,
    },
  ];
}

export function group(cn: string, objectClass: string, more: Values): readonly [string, Values] {
  return [`cn=${cn},${groups}`, { objectClass, cn, ...more }];
}

export function dnOf(uid: string): string {
  return `uid=${uid},${people}`;
}

/** Entries for tests of reading: many people, a large group, groups of each kind, photos, options, secrets. */
import { formatEntries, type LdifEntry } from "@espalier/tests/lab";

export const baseDn = "dc=example,dc=com";
export const peopleDn = `ou=people,${baseDn}`;
export const groupsDn = `ou=groups,${baseDn}`;

export function uidOf(index: number): string {
  return `user${String(index).padStart(5, "0")}`;
}

export function personDn(index: number): string {
  return `uid=${uidOf(index)},${peopleDn}`;
}

/** Their password is `pw-` and their uid. @param more bytes of description for each */
export function people(count: number, more = 0): LdifEntry[] {
  return Array.from({ length: count }, (_, index) => ({
    dn: personDn(index),
    attributes: [
      ["objectClass", ["inetOrgPerson", "posixAccount"]],
      ["uid", [uidOf(index)]],
      ["cn", [`User ${index}`]],
      ["sn", ["User"]],
      ["uidNumber", [String(10_000 + index)]],
      ["gidNumber", ["500"]],
      ["homeDirectory", [`/home/${uidOf(index)}`]],
      ["userPassword", [`pw-${uidOf(index)}`]],
      ...(more === 0 ? [] : [["description", ["x".repeat(more)]] as const]),
    ],
  }));
}

export function tree(...below: readonly LdifEntry[]): LdifEntry[] {
  return [
    {
      dn: baseDn,
      attributes: [
        ["objectClass", ["dcObject", "organization"]],
        ["dc", ["example"]],
        ["o", ["example"]],
      ],
    },
    ...["people", "groups"].map(
      (ou): LdifEntry => ({
        dn: `ou=${ou},${baseDn}`,
        attributes: [
          ["objectClass", ["organizationalUnit"]],
          ["ou", [ou]],
        ],
      }),
    ),
    ...below,
  ];
}

export function group(cn: string, attributes: LdifEntry["attributes"]): LdifEntry {
  return { dn: `cn=${cn},${groupsDn}`, attributes: [["cn", [cn]], ...attributes] };
}

/** One of each kind, with everybody of `members`; users 0 to 9 are in the small ones. */
export function groups(members: number): LdifEntry[] {
  const everybody = Array.from({ length: members }, (_, index) => personDn(index));
  return [
    group("everybody", [
      ["objectClass", ["groupOfNames"]],
      ["member", everybody],
    ]),
    group("unique", [
      ["objectClass", ["groupOfUniqueNames"]],
      ["uniqueMember", [`${personDn(1)}#'0101'B`, personDn(2)]],
    ]),
    group("posix", [
      ["objectClass", ["groupOfNames", "posixGroup"]],
      ["gidNumber", ["600"]],
      ["memberUid", [uidOf(1), uidOf(3), "nobody-of-this-name"]],
    ]),
    group("primary", [
      ["objectClass", ["groupOfNames", "posixGroup"]],
      ["gidNumber", ["500"]],
    ]),
  ];
}

/** A GIF, and bytes that are no text. */
export const photo = Buffer.from(
  "47494638396101000100800000ffffff00000021f90400000000002c00000000010001000002024401003b",
  "hex",
);

export function ldif(entries: readonly LdifEntry[], raw = ""): string {
  return `${formatEntries(entries)}\n${raw}`;
}

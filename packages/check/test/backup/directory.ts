/** A directory with people in units, groups in groups, a referral, and values of every kind. */
export const baseDn = "dc=example,dc=com";

const person = (uid: string, more = "") =>
  `dn: uid=${uid},ou=people,${baseDn}\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${uid}\nsn: ${uid}\nuserPassword: {SSHA}${uid}\n${more}`;

/** @param people more of them, by number */
export function directoryLdif(people = 0): string {
  return [
    `dn: ${baseDn}\nobjectClass: organization\nobjectClass: dcObject\ndc: example\no: example\n`,
    `dn: ou=people,${baseDn}\nobjectClass: organizationalUnit\nou: people\n`,
    `dn: ou=groups,${baseDn}\nobjectClass: organizationalUnit\nou: groups\n`,
    person("ann", "description:: w6TDtsO8IA==\njpegPhoto:: /9j/4AD/\nmail: ann@example.com\nmail: a@example.com\n"),
    person("bob", "cn;lang-de: Robert\n"),
    // The outer group is older than the inner one, so that its member is not there yet when it is added.
    `dn: cn=outer,ou=groups,${baseDn}\nobjectClass: groupOfNames\ncn: outer\nmember: cn=inner,ou=groups,${baseDn}\n`,
    `dn: cn=inner,ou=groups,${baseDn}\nobjectClass: groupOfNames\ncn: inner\nmember: uid=ann,ou=people,${baseDn}\nmember: uid=bob,ou=people,${baseDn}\n`,
    `dn: ou=elsewhere,${baseDn}\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\nref: ldap://other.example.com/ou=elsewhere,${baseDn}\n`,
    ...Array.from({ length: people }, (_, number) => person(`user${number}`)),
  ].join("\n");
}

/** For `startSlapd`: memberOf is kept by its overlay. A line of its own, since the module is loaded for all of them already. */
export const withMemberOf = { indexes: ["objectClass eq\noverlay memberof"] };

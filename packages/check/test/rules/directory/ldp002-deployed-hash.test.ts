import { expect, test } from "vitest";
import { ldp002 } from "../../../src/rules/directory/ldp002-deployed-hash.ts";
import { findingsOf } from "../../project.ts";

const dump = `dn: uid=admin,ou=users,dc=stack,dc=local
objectClass: inetOrgPerson
userPassword:: ${Buffer.from("{SSHA}deployed").toString("base64")}
entryUUID: 5f1c5a4e-0000-103f-8000-000000000000

dn: uid=ann,ou=users,dc=stack,dc=local
userPassword: {SSHA}same
entryCSN: 20260101000000.000000Z#000000#000#000000
`;
const bootstrap = (hash: string) => `dn: UID=admin, ou=users,dc=stack,dc=local
objectClass: inetOrgPerson
userPassword: ${hash}

dn: uid=ann,ou=users,dc=stack,dc=local
userPassword: {SSHA}same

dn: uid=new,ou=users,dc=stack,dc=local
userPassword: {SSHA}new
`;

test("a hash that differs from the one in a dump of the directory is found", () => {
  const findings = findingsOf(ldp002, { "backup/data.ldif": dump, "bootstrap_ldap.ldif": bootstrap("{SSHA}again") });
  expect(findings).toEqual([
    {
      rule: "LDP002",
      title: "bootstrap would change a password hash already deployed",
      severity: "high",
      subject: "UID=admin, ou=users,dc=stack,dc=local",
      message:
        "UID=admin, ou=users,dc=stack,dc=local would get another password hash than the directory has, of which backup/data.ldif is a dump",
      location: { file: "bootstrap_ldap.ldif", line: 3, column: 1, start: 69, end: 94 },
      path: "UID=admin, ou=users,dc=stack,dc=local/userPassword",
      fix: expect.stringContaining("ldappasswd -H ldaps://SERVER"),
      fixability: "none",
      edits: [],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
  ]);
  expect(findings[0]?.fix).not.toMatch(/rm |delete|volume/i);
});

test("the same hashes, and files of which none is a dump, are not found", () => {
  expect(findingsOf(ldp002, { "dump.ldif": dump, "bootstrap.ldif": bootstrap("{SSHA}deployed") })).toEqual([]);
  expect(findingsOf(ldp002, { "a.ldif": bootstrap("{SSHA}a"), "b.ldif": bootstrap("{SSHA}b") })).toEqual([]);
});

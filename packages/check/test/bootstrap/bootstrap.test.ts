/** The LDIF of a new directory: what is in it, what stays when it is made again, and what is refused. */
import { parseLdif } from "@espalier/ldap";
import { expect, it } from "vitest";
import { ldp001 } from "../../src/rules/directory/ldp001-password-scheme.ts";
import { ldp003 } from "../../src/rules/directory/ldp003-ldif.ts";
import { findingsOf } from "../project.ts";
import { bootstrapped, environment, passwords, planOf } from "./plans.ts";

const entriesOf = (ldif: string) =>
  parseLdif(ldif).map(({ record }) => {
    if (record.type !== "content") throw new Error("not an entry");
    const attributes = record.attributes.map(
      ({ type, values }) => `${type}: ${values.map((value) => Buffer.from(value).toString()).join(", ")}`,
    );
    return [record.dn, ...attributes.map((line) => line.replace(/(\{[A-Z0-9-]+\}).+/, "$1"))];
  });

it("has the base, the units, the accounts, the users and the groups, each behind what it is below", async () => {
  const { ldif, made, kept } = await bootstrapped(planOf("SSHA"));
  expect(entriesOf(ldif)).toEqual([
    ["dc=example,dc=com", "objectClass: organization, dcObject", "dc: example", "o: Example & Söhne"],
    [
      "cn=admin,dc=example,dc=com",
      "objectClass: organizationalRole, simpleSecurityObject",
      "cn: admin",
      "userPassword: {SSHA}",
    ],
    ["ou=people,dc=example,dc=com", "objectClass: organizationalUnit", "ou: people"],
    ["ou=groups,dc=example,dc=com", "objectClass: organizationalUnit", "ou: groups"],
    ["ou=services,dc=example,dc=com", "objectClass: organizationalUnit", "ou: services"],
    ["ou=machines,dc=example,dc=com", "objectClass: organizationalUnit", "ou: machines"],
    [
      "cn=gitea,ou=services,dc=example,dc=com",
      "objectClass: organizationalRole, simpleSecurityObject",
      "cn: gitea",
      "description: reads users for Gitea",
      "userPassword: {SSHA}",
    ],
    [
      "uid=ann,ou=people,dc=example,dc=com",
      "objectClass: inetOrgPerson, posixAccount",
      "uid: ann",
      "cn: Ann Ant",
      "givenName: Ann",
      "sn: Ant",
      "mail: ann@example.com",
      "uidNumber: 10000",
      "gidNumber: 10000",
      "homeDirectory: /home/ann",
      "userPassword: {SSHA}",
    ],
    [
      "uid=bob,ou=people,dc=example,dc=com",
      "objectClass: inetOrgPerson",
      "uid: bob",
      "cn: Bär",
      "sn: Bär",
      "userPassword: {SSHA}",
    ],
    ["uid=carl,ou=people,dc=example,dc=com", "objectClass: inetOrgPerson", "uid: carl", "cn: Cat", "sn: Cat"],
    [
      "cn=staff,ou=groups,dc=example,dc=com",
      "objectClass: groupOfNames",
      "cn: staff",
      "member: uid=ann,ou=people,dc=example,dc=com, uid=bob,ou=people,dc=example,dc=com",
    ],
    [
      "cn=unix,ou=groups,dc=example,dc=com",
      "objectClass: posixGroup",
      "cn: unix",
      "gidNumber: 10000",
      "memberUid: ann",
    ],
  ]);
  expect(made).toEqual(Object.keys(passwords));
  expect(kept).toEqual([]);
  expect(findingsOf(ldp003, { "a.ldif": ldif })).toEqual([]);
  for (const password of Object.values(passwords).filter((each) => each.length > 1))
    expect(ldif).not.toContain(password);
});

it("has hashes that the rule about weak ones passes", async () => {
  for (const scheme of ["ARGON2", "PBKDF2-SHA256", "PBKDF2-SHA512"]) {
    expect(findingsOf(ldp001, { "a.ldif": (await bootstrapped(planOf(scheme))).ldif })).toEqual([]);
  }
});

it.each(["SSHA", "ARGON2", "PBKDF2-SHA256", "PBKDF2-SHA512"])(
  "gives the same bytes again with %s as long as passwords verify",
  async (scheme) => {
    const first = await bootstrapped(planOf(scheme));
    const second = await bootstrapped(planOf(scheme), { deployed: first.ldif });
    expect(second).toEqual({
      ldif: first.ldif,
      kept: Object.keys(passwords),
      made: [],
      otherSchemes: [],
      refusals: [],
    });
    expect((await bootstrapped(planOf(scheme))).ldif).not.toBe(first.ldif);
  },
);

it("makes a hash for a new account and changes other attributes, and keeps the hashes there are", async () => {
  const first = await bootstrapped(planOf("SSHA"));
  const plan = planOf("SSHA").replace("mail: ann@example.com", "mail: ann.ant@example.com");
  const more = "  userUnit: people\n";
  const second = await bootstrapped(
    plan.replace(
      "    - uid: carl\n      surname: Cat\n",
      "    - { uid: carl, surname: Cat, password: { file: secrets/bob } }\n",
    ) + more,
    {
      deployed: first.ldif,
    },
  );
  expect(second.made).toEqual(["uid=carl,ou=people,dc=example,dc=com"]);
  expect(second.kept).toEqual(Object.keys(passwords));
  expect(second.refusals).toEqual([]);
});

it("refuses to change the hash of a password that is another now, or is gone, and to drop an entry", async () => {
  const first = await bootstrapped(planOf("SSHA"));
  const plan = planOf("SSHA")
    .replace("      password: { file: secrets/bob }\n", "")
    .replace("  units: [machines]\n", "");
  const files = { "secrets/ann": "another" };
  expect((await bootstrapped(plan, { deployed: first.ldif, files })).refusals).toEqual([
    { dn: "uid=ann,ou=people,dc=example,dc=com", reason: "has another password in the file than in the plan" },
    { dn: "uid=bob,ou=people,dc=example,dc=com", reason: "has a password, and none in the plan" },
    { dn: "ou=machines,dc=example,dc=com", reason: "is in the file and not in the plan" },
  ]);
  const forced = await bootstrapped(plan, { deployed: first.ldif, files, isForced: true });
  expect(forced.refusals).toEqual([]);
  expect(forced.made).toEqual(["uid=ann,ou=people,dc=example,dc=com"]);
});

it("keeps a hash of another scheme and says so, and makes a new one when forced", async () => {
  const first = await bootstrapped(planOf("SSHA"));
  const kept = await bootstrapped(planOf("PBKDF2-SHA512"), { deployed: first.ldif });
  expect([kept.ldif, kept.otherSchemes.length, kept.otherSchemes[0]]).toEqual([
    first.ldif,
    4,
    { dn: "cn=admin,dc=example,dc=com", scheme: "SSHA" },
  ]);
  const forced = await bootstrapped(planOf("PBKDF2-SHA512"), { deployed: first.ldif, isForced: true });
  expect([forced.made.length, forced.kept.length]).toEqual([4, 0]);
});

it("refuses a deployed hash that it cannot verify", async () => {
  const first = await bootstrapped(planOf("SSHA"));
  const deployed = first.ldif.replace(/(dn: uid=ann[\s\S]*?userPassword):: \S+(\n \S+)*/, "$1: {SASL}ann@EXAMPLE.COM");
  expect((await bootstrapped(planOf("SSHA"), { deployed })).refusals).toEqual([
    {
      dn: "uid=ann,ou=people,dc=example,dc=com",
      reason: "has a password in the file whose scheme, SASL, cannot be verified here",
    },
  ]);
});

it("takes over what the directory has, and refuses where that is another password", async () => {
  const first = await bootstrapped(planOf("SSHA"));
  const again = await bootstrapped(planOf("SSHA"));
  const hashes = new Map(
    parseLdif(again.ldif).map(({ record }) => [
      record.dn,
      record.type === "content" ? record.attributes.at(-1)! : undefined,
    ]),
  );
  const live = {
    look: async (dn: string) => {
      if (dn.startsWith("uid=ann"))
        return { kind: "hash" as const, values: [Buffer.from(hashes.get(dn)!.values[0]!).toString()] };
      if (dn.startsWith("uid=bob")) return { kind: "refused" as const };
      return dn.startsWith("cn=gitea") ? { kind: "bound" as const } : { kind: "absent" as const };
    },
  };
  const result = await bootstrapped(planOf("SSHA"), { deployed: first.ldif, live });
  expect(result.refusals).toEqual([
    { dn: "uid=bob,ou=people,dc=example,dc=com", reason: "does not take the plan's password in the directory" },
  ]);
  const blockOf = (ldif: string, dn: string) => ldif.split("\n\n").find((block) => block.startsWith(`dn: ${dn}`));
  expect(blockOf(result.ldif, "uid=ann")?.trim()).toBe(blockOf(again.ldif, "uid=ann")?.trim());
  expect(blockOf(result.ldif, "cn=gitea")?.trim()).toBe(blockOf(first.ldif, "cn=gitea")?.trim());
});

it("tells every problem of a plan by its place, and never a password that is written there", async () => {
  const plan = `directory:
  base: people
  scheme: ARGON
  administrator:
    password: hunter2
  services:
    - name: x
      password: { fil: hunter2 }
  users:
    - { uid: ann, surname: A, uidNumbr: 1 }
`;
  await expect(bootstrapped(plan)).rejects.toThrow(
    /^plan\.yaml:10:31: directory\.users\[0\]\.uidNumbr: is not a key that exists; did you mean uid\?/,
  );
  const message = await bootstrapped(plan).catch((error: Error) => error.message);
  expect(message).toContain("plan.yaml:2:9: directory.base: must be a DN that begins with dc=, o= or ou=");
  expect(message).toContain(
    'plan.yaml:3:11: directory.scheme: must be ARGON2, PBKDF2-SHA512, PBKDF2-SHA256 or SSHA, not "ARGON"; did you mean ARGON2?',
  );
  expect(message).toContain(
    "plan.yaml:5:15: directory.administrator.password: must say where the password is and not what it is",
  );
  expect(message).toContain("directory.services[0].password: must say where the password is and not what it is");
  expect(message).not.toContain("hunter2");
});

it("tells who is a member and no user, what is there twice, and a group of nobody", async () => {
  const groups = "    - { name: Staff, members: [ann, bobb] }\n    - { name: empty }\n";
  const message = await bootstrapped(planOf("SSHA", groups)).catch((error: Error) => error.message);
  expect(message).toBe(
    [
      "plan.yaml:28:15: directory.groups[2].name: is used twice",
      "plan.yaml:28:37: directory.groups[2].members[1]: is no user of this plan; did you mean bob?",
      "plan.yaml:29:7: directory.groups[3].members: must name somebody: a groupOfNames without members is refused by servers",
    ].join("\n"),
  );
});

it("says which password is not there, is empty, or is a hash already", async () => {
  const failure = (
    files: Readonly<Record<string, string>>,
    variables: Readonly<Record<string, string>> = environment,
  ) =>
    bootstrapped(planOf("SSHA"), { files, environment: variables }).catch(
      (error: Error) => `${error.name}: ${error.message}`,
    );
  expect(await failure({ "secrets/ann": "\n" })).toBe(
    "BootstrapError: the file secrets/ann, which has the password of uid=ann,ou=people,dc=example,dc=com, is empty",
  );
  expect(await failure({}, {})).toBe(
    "BootstrapError: the variable GITEA_PASSWORD, which has the password of cn=gitea,ou=services,dc=example,dc=com, is not set",
  );
  expect(await failure({ "secrets/bob": "{SSHA}abc" })).toBe(
    "BootstrapError: the file secrets/bob has a hash in place of the password of uid=bob,ou=people,dc=example,dc=com: hashes are made here",
  );
});

it("refuses a file to write that is something else", async () => {
  await expect(bootstrapped(planOf("SSHA"), { deployed: "root:x:0:0\n" })).rejects.toThrow(
    /out\.ldif is there and is not LDIF \(line 1\)/,
  );
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is written so.
import { requirePrograms, runCommand, startSlapd } from "@espalier/tests/lab";
import { expect, test } from "vitest";
import { ldp001 } from "../../../src/rules/directory/ldp001-password-scheme.ts";
import { type Files, findingsOf, linesOf } from "../../project.ts";

const entry = (name: string, ...passwords: readonly string[]) =>
  `dn: cn=${name},dc=example\nobjectClass: person\ncn: ${name}\nsn: x\n${passwords.map((each) => `userPassword: ${each}\n`).join("")}\n`;

test("a password in clear text is found on its line, without the password", () => {
  const base64 = Buffer.from("hunter2 ").toString("base64");
  const ldif = `version: 1\n\n# people\n${entry("ann", "{SSHA}x", "hunter2")}dn: cn=bob,dc=example\nuserPassword::\n  ${base64}\n`;
  const findings = findingsOf(ldp001, { "people.ldif": ldif }).filter(({ severity }) => severity === "critical");
  expect(findings).toEqual([
    {
      rule: "LDP001",
      title: "password is stored in a weak form",
      severity: "critical",
      subject: "cn=ann,dc=example",
      message: "cn=ann,dc=example has its password in clear text",
      location: { file: "people.ldif", line: 9, column: 1, start: 99, end: 120 },
      path: "cn=ann,dc=example/userPassword",
      fix: expect.stringContaining("slappasswd -o module-load=argon2 -h '{ARGON2}'"),
      fixability: "none",
      edits: [],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
    expect.objectContaining({
      message: "cn=bob,dc=example has its password in clear text",
      location: { file: "people.ldif", line: 12, column: 1, start: 144, end: 158 },
    }),
  ]);
  expect(JSON.stringify(findings)).not.toContain("hunter2");
});

test("each scheme has its severity", () => {
  const des = "{CRYPT}ab01FAX.bQRSU";
  const ldif = [
    "{MD5}a",
    "{SMD5}a",
    "{SHA}a",
    "{sha512}a",
    des,
    "{CRYPT}$1$a$b",
    "{SSHA}a",
    "{SSHA512}a",
    "$6$a$b",
    "{CLEARTEXT}x",
  ];
  const found = findingsOf(ldp001, { "a.ldif": ldif.map((value, index) => entry(`u${index}`, value)).join("") });
  expect(linesOf(found).map((line) => line.replace(/ a\.ldif.*dc=example has (?:its )?/, ": "))).toEqual([
    "critical: a hash without its scheme as its password, with which anybody logs in who has read it",
    "critical: password in clear text",
    "high: password as {MD5}, which is guessed quickly",
    "high: password as {SMD5}, which is guessed quickly",
    "high: password as {SHA}, which is guessed quickly",
    "high: password as {SHA512}, which is guessed quickly",
    "high: password as {CRYPT} with DES, which is guessed quickly",
    "high: password as {CRYPT} with MD5, which is guessed quickly",
    "low: password as {SSHA}, which is salted and fast to guess",
    "low: password as {SSHA512}, which is salted and fast to guess",
  ]);
});

test("a change that sets one is found, and one that takes one away is not", () => {
  const ldif =
    "dn: cn=a\nchangetype: modify\ndelete: userPassword\nuserPassword: old\n-\nreplace: userPassword\nuserPassword: new\n-\nadd: olcRootPW\nolcRootPW: root\n-\n";
  expect(linesOf(findingsOf(ldp001, { "a.ldif": ldif }))).toEqual([
    "critical a.ldif:7:1 cn=a/userPassword: cn=a has its password in clear text",
    "critical a.ldif:10:1 cn=a/olcRootPW: cn=a has its password in clear text",
  ]);
});

test("slow hashes, passwords that are elsewhere, locked ones and placeholders are not found", () => {
  const sound = [
    "{ARGON2}$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaA",
    "{PBKDF2-SHA512}10000$a$b",
    "{PBKDF2_SHA256}AAAg",
    "{CRYPT}$6$rounds=100000$a$b",
    "{CRYPT}$2b$12$abc",
    "{CRYPT}!",
    "{SASL}ann@EXAMPLE.COM",
    "{{ADMIN_HASH}}",
    "${ADMIN_HASH}",
  ];
  expect(findingsOf(ldp001, { "a.ldif": entry("a", ...sound) })).toEqual([]);
});

const bcrypt = "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";
const sha512 = "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1";
const yescrypt = "$y$j75$saltsaltsaltsalt$DsMjm5uqUiFBUYLB9CLnX8E/M0k0mOVJBUWdpCrUik9";

const schemesIn = (files: Files) =>
  findingsOf(ldp001, files).map(({ message }) => message.replace(/^.* as (.*): nobody can log in with it$/, "$1"));

test("a scheme that no server knows, as Dovecot has them, is found in every profile", () => {
  const ldif = entry("a", `{BLF-CRYPT}${bcrypt}`) + entry("b", `{bcrypt}${bcrypt}`) + entry("c", `{CRYPT}${bcrypt}`);
  expect(linesOf(findingsOf(ldp001, { "a.ldif": ldif }, { profile: "lab" }))).toEqual([
    "high a.ldif:5:1 cn=a,dc=example/userPassword: cn=a,dc=example has its password as {BLF-CRYPT}, which neither OpenLDAP nor 389 Directory Server knows: nobody can log in with it",
    "high a.ldif:11:1 cn=b,dc=example/userPassword: cn=b,dc=example has its password as {BCRYPT}, which neither OpenLDAP nor 389 Directory Server knows: nobody can log in with it",
  ]);
});

test("a scheme that the server of a dump does not know is found, and one that it knows is not", () => {
  const hashes = ["{ARGON2}$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaA", "{GOST_YESCRYPT}$gy$a$b$c"];
  const dump = (attribute: string) => entry("a", ...hashes).replace("sn: x\n", `sn: x\n${attribute}: x\n`);
  expect(schemesIn({ "openldap.ldif": dump("entryCSN") })).toEqual(["{GOST_YESCRYPT}, which OpenLDAP does not know"]);
  expect(schemesIn({ "389.ldif": dump("nsUniqueId") })).toEqual(["{ARGON2}, which 389 Directory Server does not know"]);
  expect(schemesIn({ "either.ldif": dump("description") })).toEqual([]);
});

test("what the only directory server of a compose file does not know is found", () => {
  const ldif = entry("a", "{CRYPT-SHA512}x", ...[bcrypt, sha512, yescrypt].map((hash) => `{CRYPT}${hash}`));
  const compose = (image: string) => `services:\n  ldap:\n    image: ${image}\n  web:\n    image: nginx:alpine\n`;
  const found = (image: string) => schemesIn({ "a.ldif": ldif, "compose.yaml": compose(image) });
  expect(found("osixia/openldap:1.5.0")).toEqual(["{CRYPT-SHA512}, which OpenLDAP does not know"]);
  expect(found("389ds/dirsrv:3.1")).toEqual([]);
  expect(found("example/openldap:2.6-alpine")).toEqual([
    "{CRYPT-SHA512}, which OpenLDAP does not know",
    "{CRYPT} with yescrypt, which OpenLDAP does not know",
  ]);
});

requirePrograms({ slapd: "slapd", ldapwhoami: "ldap-utils" })("a real OpenLDAP", () => {
  test("lets those in whose hashes are not found, with the password, and nobody by the others but with the hash itself", async () => {
    const hashes = {
      known: [`{CRYPT}${bcrypt}`, `{CRYPT}${sha512}`, `{CRYPT}${yescrypt}`],
      unknown: [`{BCRYPT}${bcrypt}`, `{SHA512-CRYPT}${sha512}`, `{GOST_YESCRYPT}${yescrypt}`],
      bare: [bcrypt],
    };
    const people = Object.values(hashes).flat();
    const ldif = `dn: dc=example\nobjectClass: domain\ndc: example\n\n${people.map((hash, index) => entry(`u${index}`, hash)).join("")}`;
    await using slapd = await startSlapd({ baseDn: "dc=example", ldif });
    const binds = async (index: number, password: string) => {
      const dn = `cn=u${index},dc=example`;
      return (await runCommand("ldapwhoami", ["-x", "-H", slapd.url, "-D", dn, "-w", password])).exitCode;
    };
    const codes = await Promise.all(people.map((_, index) => binds(index, "secret")));
    expect(codes).toEqual([0, 0, 0, 49, 49, 49, 49]);
    expect(await binds(6, bcrypt)).toBe(0);
    const found = findingsOf(ldp001, { "a.ldif": ldif.replace("dc: example\n", "dc: example\nentryCSN: x\n") });
    expect(found.map(({ subject }) => subject)).toEqual([6, 3, 4, 5].map((index) => `cn=u${index},dc=example`));
  });
});

test("salted hashes are let be in the profile lab", () => {
  expect(findingsOf(ldp001, { "a.ldif": entry("a", "{SSHA}abc") }, { profile: "lab" })).toEqual([]);
});

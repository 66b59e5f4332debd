// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is written so.
import { expect, test } from "vitest";
import { ldp001 } from "../../../src/rules/directory/ldp001-password-scheme.ts";
import { findingsOf, linesOf } from "../../project.ts";

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
  expect(linesOf(found).map((line) => line.replace(/ a\.ldif.*has its/, ":"))).toEqual([
    "critical: password in clear text",
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

test("salted hashes are let be in the profile lab", () => {
  expect(findingsOf(ldp001, { "a.ldif": entry("a", "{SSHA}abc") }, { profile: "lab" })).toEqual([]);
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is written so.
import { expect, test } from "vitest";
import { ldp003 } from "../../../src/rules/directory/ldp003-ldif.ts";
import { findingsOf, linesOf } from "../../project.ts";

const base = "dn: dc=example,dc=com\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n";
const people = "dn: ou=people,dc=example,dc=com\nobjectClass: organizationalUnit\nou: people\n";
const ann = "dn: uid=ann,ou=people,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: ann\ncn: Ann\nsn: Ant\n";
const staff = (member: string) =>
  `dn: cn=staff,dc=example,dc=com\nobjectClass: groupOfNames\ncn: staff\nmember: uid=ann,ou=people,dc=example,dc=com\nmember: ${member}\n`;
const ldif = (...entries: readonly string[]) => ({ "a.ldif": entries.join("\n") });

test("a whole directory, in order, is not found", () => {
  expect(linesOf(findingsOf(ldp003, ldif(base, people, ann, staff("cn=admin,dc=example,dc=com"))))).toEqual([]);
});

test("a line that is not LDIF is found on its line, and the records around it are still looked at", () => {
  const findings = findingsOf(
    ldp003,
    ldif(base, people, "dn: ou=x,dc=example,dc=com\nobjectClass organizationalUnit\n", ann, ann),
  );
  expect(findings).toEqual([
    {
      rule: "LDP003",
      title: "LDIF cannot be loaded as it is",
      severity: "high",
      subject: "a.ldif",
      message:
        "a.ldif is not LDIF on line 12: the line has no colon; write name: value, or begin the line with a space where it continues the one before",
      location: { file: "a.ldif", line: 12, column: 1, start: 197, end: 227 },
      path: "",
      fix: "the line has no colon; write name: value, or begin the line with a space where it continues the one before",
      fixability: "none",
      edits: [],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
    expect.objectContaining({
      subject: "uid=ann,ou=people,dc=example,dc=com",
      message: "uid=ann,ou=people,dc=example,dc=com is there already, from line 14 on",
      location: expect.objectContaining({ line: 20 }),
    }),
  ]);
});

test("an entry that is there twice, in other spelling, is found; one that was deleted between is not", () => {
  const again = ann.replace("dn: uid=ann,ou=people", "dn: UID=Ann, OU=People");
  expect(linesOf(findingsOf(ldp003, ldif(base, people, ann, again)))).toEqual([
    "high a.ldif:17:1 UID=Ann, OU=People,dc=example,dc=com: UID=Ann, OU=People,dc=example,dc=com is there already, from line 11 on",
  ]);
  const deleted = "dn: uid=ann,ou=people,dc=example,dc=com\nchangetype: delete\n";
  expect(findingsOf(ldp003, ldif(base, people, ann, deleted, ann))).toEqual([]);
});

test("an entry without a superior, and one before it, are found; what another file or the directory has is not", () => {
  expect(linesOf(findingsOf(ldp003, ldif(base, ann)))).toEqual([
    "high a.ldif:7:1 uid=ann,ou=people,dc=example,dc=com: uid=ann,ou=people,dc=example,dc=com has no superior entry: ou=people,dc=example,dc=com is not in the file",
  ]);
  expect(linesOf(findingsOf(ldp003, ldif(base, ann, people)))).toEqual([
    "high a.ldif:7:1 uid=ann,ou=people,dc=example,dc=com: uid=ann,ou=people,dc=example,dc=com comes before its superior entry, which is added on line 13",
  ]);
  expect(findingsOf(ldp003, { "1.ldif": `${base}\n${ann}`, "0.ldif": people })).toEqual([]);
  expect(findingsOf(ldp003, ldif(ann))).toEqual([]);
});

test("a member that does not exist is found on its line; configured administrators and other trees are not", () => {
  expect(linesOf(findingsOf(ldp003, ldif(base, people, ann, staff("uid=bob,ou=people,dc=example,dc=com"))))).toEqual([
    "high a.ldif:21:1 cn=staff,dc=example,dc=com/member: cn=staff,dc=example,dc=com has the member uid=bob,ou=people,dc=example,dc=com, which is no entry of these files",
  ]);
  expect(linesOf(findingsOf(ldp003, ldif(base, people, ann, staff("bob"))))).toEqual([
    "high a.ldif:21:1 cn=staff,dc=example,dc=com/member: cn=staff,dc=example,dc=com has a member that is not a DN",
  ]);
  expect(findingsOf(ldp003, ldif(base, people, ann, staff("uid=bob,dc=elsewhere")))).toEqual([]);
});

test("an attribute that an object class must have is found, by the standard schema and by that of the files", () => {
  const noSn = ann.replace("sn: Ant\n", "");
  expect(linesOf(findingsOf(ldp003, ldif(base, people, noSn)))).toEqual([
    "high a.ldif:11:1 uid=ann,ou=people,dc=example,dc=com/sn: uid=ann,ou=people,dc=example,dc=com has no sn, which its object class person must have",
  ]);
  const badge = "dn: cn=x,dc=example,dc=com\nobjectClass: badge\ncn: x\n";
  expect(findingsOf(ldp003, ldif(base, badge))).toEqual([]);
  const schema = {
    "my.schema":
      "objectidentifier MyRoot 1.3.6.1.4.1.99999\nattributetype ( MyRoot:1 NAME 'badgeNumber'\n  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 )\n\nobjectclass ( MyRoot:2 NAME 'badge'\n\tSUP top STRUCTURAL MUST ( cn $ badgeNumber ) )\n",
  };
  const message =
    "high a.ldif:7:1 cn=x,dc=example,dc=com/badgeNumber: cn=x,dc=example,dc=com has no badgeNumber, which its object class badge must have";
  expect(linesOf(findingsOf(ldp003, { ...ldif(base, badge), ...schema }))).toEqual([message]);
  const config = {
    "schema.ldif":
      "dn: cn=my,cn=schema,cn=config\nobjectClass: olcSchemaConfig\ncn: my\nolcAttributeTypes: {0}( 1.3.6.1.4.1.99999.1 NAME 'badgeNumber'\n  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 )\nolcObjectClasses: {0}( 1.3.6.1.4.1.99999.2 NAME 'badge' MUST ( cn $ badgeNumber ) )\n",
  };
  expect(linesOf(findingsOf(ldp003, { ...ldif(base, badge), ...config }))).toEqual([message]);
});

test("what is in the name, has an option or is of a subtype counts as there", () => {
  const entries = [
    "dn: ou=people,dc=example,dc=com\nobjectClass: organizationalUnit\n",
    "dn: uid=b,ou=people,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: b\ncn;lang-de: B\nsurname: B\n",
  ];
  expect(findingsOf(ldp003, ldif(base, ...entries))).toEqual([]);
});

test("a name that is none is found; one with a placeholder is not judged, nor are superiors then", () => {
  expect(linesOf(findingsOf(ldp003, ldif("dn: people,dc=example\nou: x\n")))).toEqual([
    "high a.ldif:1:1 people,dc=example: people,dc=example is not a DN: expected = behind people",
  ]);
  const template = ["dn: {{BASE}}\nobjectClass: domain\n", "dn: ou=a,${BASE}\nou: a\n", ann, base];
  expect(findingsOf(ldp003, ldif(...template))).toEqual([]);
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileFilter, matchesFilter } from "../../src/filter/compile.ts";
import type { Filter } from "../../src/filter/filter.ts";
import { parseFilter } from "../../src/filter/parse.ts";
import { type Entry, entryTarget } from "../../src/filter/target.ts";
import { builtInSchema } from "../../src/schema/built-in-schema.ts";
import { filters } from "./arbitrary-filter.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function entry(objectName: string, attributes: Record<string, readonly (string | Uint8Array)[]>): Entry {
  return {
    objectName,
    attributes: Object.entries(attributes).map(([type, values]) => ({
      type,
      values: values.map((value) => (typeof value === "string" ? bytes(value) : value)),
    })),
  };
}

const ann = entry("uid=ann,ou=People,dc=example,dc=com", {
  objectClass: ["inetOrgPerson", "posixAccount"],
  uid: ["ann"],
  commonName: ["Ann Lee", "A. Lee"],
  "cn;lang-de": ["Anna"],
  sn: ["Lee"],
  uidNumber: ["1000"],
  gidNumber: ["-5"],
  homeDirectory: ["/home/Ann"],
  telephoneNumber: ["+1 212-555-1234"],
  seeAlso: ["CN=Staff, DC=example,DC=com"],
  userPassword: ["Secret"],
  jpegPhoto: [Uint8Array.of(0xff, 0xd8, 0xff)],
  createTimestamp: ["20240101120000Z"],
  hasSubordinates: ["FALSE"],
  "x-nobody-knows": ["x"],
});

const evaluate = (filter: string | Filter) =>
  compileFilter(
    typeof filter === "string" ? parseFilter(filter) : filter,
    builtInSchema,
  )(entryTarget(ann, builtInSchema));

/** The filter and its negation: Undefined stays Undefined (RFC 4511 §4.5.1.7). */
function expectTrue(filter: string) {
  expect([evaluate(filter), evaluate(`(!${filter})`)], filter).toEqual([true, false]);
}
function expectFalse(filter: string) {
  expect([evaluate(filter), evaluate(`(!${filter})`)], filter).toEqual([false, true]);
}
function expectUndefined(filter: string) {
  expect([evaluate(filter), evaluate(`(!${filter})`)], filter).toEqual([undefined, undefined]);
}

describe("an item is TRUE", () => {
  const items: Record<string, readonly string[]> = {
    "for a value by the attribute's rule": [
      ...["(uid=ANN)", "(cn=ann  lee)", "(homeDirectory=/home/Ann)", "(uidNumber=1000)", "(userPassword=Secret)"],
      ...["(telephoneNumber=+12125551234)", "(seeAlso=cn=staff,dc=EXAMPLE,dc=com)", "(createTimestamp=202401011200Z)"],
    ],
    "by any name of the type": ["(userid=ann)", "(2.5.4.3=Ann Lee)", "(COMMONNAME=A. Lee)"],
    "for values of subtypes": ["(name=Lee)", "(name=anna)", "(2.5.4.41=ann*)"],
    "for values with options, when it asks for none": ["(cn=Anna)", "(cn=ann*)"],
    "for values with its options": ["(cn;lang-de=anna)", "(CN;LANG-DE=*)", "(name;lang-de=anna)", "(cn;lang-=anna)"],
    "for the classes of the entry and their superclasses": [
      ...["(objectClass=inetOrgPerson)", "(objectClass=POSIXACCOUNT)", "(objectClass=person)", "(objectClass=top)"],
      ...["(objectClass=2.5.6.6)", "(objectClass:=organizationalPerson)"],
    ],
    "for what is in order": [
      ...["(uidNumber>=1000)", "(uidNumber<=1000)", "(uidNumber>=999)", "(gidNumber<=-5)", "(gidNumber>=-10)"],
      ...["(createTimestamp>=20240101130000+0100)", "(createTimestamp<=20240101120000.1Z)"],
    ],
    "for substrings in order and without overlap": [
      ...["(uid=a*)", "(uid=*N)", "(uid=a*n)", "(uid=*n*n)", "(uid=an*n)", "(cn=*n l*e)", "(telephoneNumber=*2555*)"],
      ...["(cn=Ann *)", "(cn=* Lee)", "(cn=*  *)"],
    ],
    "for presence": ["(cn=*)", "(name=*)", "(jpegPhoto=*)", "(objectClass=*)"],
    "approximately where it is equal": ["(uid~=ANN)", "(objectClass~=person)"],
    "by a rule of the filter's choice": [
      ...["(uid:caseExactMatch:=ann)", "(cn:2.5.13.5:=Ann Lee)", "(uidNumber:integerOrderingMatch:=1001)"],
      ...[
        "(uidNumber:1.2.840.113556.1.4.803:=8)",
        "(:caseExactMatch:=ann)",
        "(objectClass:objectIdentifierMatch:=posixAccount)",
      ],
    ],
    "for an AVA of the name": [
      ...["(ou:dn:=people)", "(dc:dn:=EXAMPLE)", "(:dn:caseIgnoreMatch:=people)", "(ou:dn:caseExactMatch:=People)"],
      "(name:dn:=people)",
    ],
    "for nothing at all": ["(&)"],
  };
  for (const [what, texts] of Object.entries(items)) it(what, () => texts.forEach(expectTrue));
});

describe("an item is FALSE", () => {
  const items: Record<string, readonly string[]> = {
    "for other values": ["(uid=anna)", "(homeDirectory=/home/ann)", "(uidNumber=1)", "(userPassword=secret)"],
    "where the entry has no value": ["(mail=a@example.com)", "(mail=*)", "(uidNumber;lang-de=1000)", "(title=a*)"],
    "for values of supertypes": ["(givenName=Ann Lee)", "(cn=Lee)"],
    "for values without its options": [
      "(cn;lang-de=Ann Lee)",
      "(cn;lang-en=*)",
      "(sn;lang-de=*)",
      "(cn;lang-en-=anna)",
    ],
    "for other classes and for subclasses": [
      "(objectClass=posixGroup)",
      "(objectClass=account)",
      "(objectClass=1.2.3)",
    ],
    "for what is out of order": [
      "(uidNumber>=1001)",
      "(uidNumber<=999)",
      "(gidNumber>=-4)",
      "(createTimestamp<=2023010100Z)",
    ],
    "for substrings that would overlap or stand in another order": [
      "(uid=an*nn)",
      "(uid=*n*a)",
      "(sn=lee*lee)",
      "(uid=*nnn*)",
    ],
    "for spaces that are not in the value": ["(uid=ann *)", "(uid= *)"],
    "by a rule of the filter's choice": [
      ...[
        "(uid:caseExactMatch:=ANN)",
        "(uidNumber:integerOrderingMatch:=1000)",
        "(uidNumber:1.2.840.113556.1.4.803:=1)",
      ],
      ...["(:caseExactMatch:=ANN)", "(objectClass:objectIdentifierMatch:=person)"],
    ],
    "for an AVA of the name that it does not ask for": ["(ou:=people)", "(uid:dn:=people)", "(ou;lang-de:dn:=people)"],
    "for nothing at all": ["(|)"],
  };
  for (const [what, texts] of Object.entries(items)) it(what, () => texts.forEach(expectFalse));
});

describe("an item is Undefined", () => {
  const items: Record<string, readonly string[]> = {
    "for types that the schema does not have, even of the entry": ["(nosuch=x)", "(nosuch=*)", "(x-nobody-knows=x)"],
    "for options that nobody knows": ["(cn;x-foo=*)", "(uid;binary=ann)"],
    "for values that are not of the syntax": [
      ...["(uidNumber=abc)", "(uidNumber>=1.5)", "(uidNumber=01)", "(cn=)", "(hasSubordinates=true)", "(dc=é)"],
      ...["(seeAlso=nonsense)", "(createTimestamp>=2024)", "(cn=\\ff)", "(uid=a*\\ff)", "(objectClass=nosuch)"],
    ],
    "where the type has no rule for it": [
      ...[
        "(uid>=a)",
        "(homeDirectory=/home*)",
        "(jpegPhoto=x)",
        "(uidNumber=1*)",
        "(userPassword=S*)",
        "(objectClass=p*)",
      ],
      "(objectClass>=a)",
    ],
    "for rules that do not exist or do not fit": [
      ...[
        "(uid:nosuchMatch:=ann)",
        "(:nosuchMatch:=ann)",
        "(uid:integerMatch:=1)",
        "(uidNumber:caseIgnoreMatch:=1000)",
      ],
      ...["(mail:caseIgnoreMatch:=x)", "(uid:caseIgnoreSubstringsMatch:=a)", "(nosuch:caseIgnoreMatch:=a)"],
      ...["(uidNumber:1.2.840.113556.1.4.803:=x)", "(:integerMatch:=x)", "(jpegPhoto:=x)"],
    ],
  };
  for (const [what, texts] of Object.entries(items)) it(what, () => texts.forEach(expectUndefined));
});

it("sets have three values: RFC 4511 §4.5.1.7", () => {
  const [t, f, u] = ["(uid=ann)", "(uid=x)", "(nosuch=x)"];
  const table: [string, boolean | undefined][] = [
    [`(&${t}${t})`, true],
    [`(&${t}${f})`, false],
    [`(&${t}${u})`, undefined],
    [`(&${u}${f})`, false],
    [`(|${f}${f})`, false],
    [`(|${f}${t})`, true],
    [`(|${f}${u})`, undefined],
    [`(|${u}${t})`, true],
    [`(!(&${t}${u}))`, undefined],
    ["(!(&))", false],
  ];
  expect(table.map(([filter]) => [filter, evaluate(filter)])).toEqual(table);
});

it("an entry matches only a filter that is TRUE", () => {
  expect(
    ["(uid=ann)", "(uid=x)", "(nosuch=x)"].map((text) => matchesFilter(parseFilter(text), ann, builtInSchema)),
  ).toEqual([true, false, false]);
});

it("a name that cannot be read has no AVAs, and that is all", () => {
  const match = compileFilter(parseFilter("(ou:dn:=people)"), builtInSchema);
  expect(match(entryTarget(entry("nonsense", { ou: ["people"] }), builtInSchema))).toBe(true);
  expect(match(entryTarget(entry("nonsense", {}), builtInSchema))).toBe(false);
});

describe("for any filters", () => {
  it("evaluation gives true, false or undefined, and `not` turns the first two round", () => {
    fc.assert(
      fc.property(filters, (filter) => {
        const result = evaluate(filter);
        expect([true, false, undefined]).toContain(result);
        expect(evaluate({ type: "not", filter })).toBe(result === undefined ? undefined : !result);
      }),
    );
  });
  it("De Morgan's laws hold", () => {
    fc.assert(
      fc.property(fc.array(filters, { maxLength: 3 }), (each) => {
        const negated = each.map((filter): Filter => ({ type: "not", filter }));
        expect(evaluate({ type: "not", filter: { type: "and", filters: each } })).toBe(
          evaluate({ type: "or", filters: negated }),
        );
        expect(evaluate({ type: "not", filter: { type: "or", filters: each } })).toBe(
          evaluate({ type: "and", filters: negated }),
        );
      }),
    );
  });
});

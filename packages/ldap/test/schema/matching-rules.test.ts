import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { builtInSchema } from "../../src/schema/built-in-schema.ts";
import type { EqualityRule, OrderingRule, PredicateRule, SubstringsRule } from "../../src/schema/matching-rule.ts";
import { bytes } from "./text.ts";

function rule(name: string) {
  const found = builtInSchema.matchingRule(name);
  if (found === undefined) throw new Error(`no rule ${name}`);
  return found;
}
const equality = (name: string) => rule(name) as EqualityRule;
const ordering = (name: string) => rule(name) as OrderingRule;

describe("equality rules", () => {
  const matching: [name: string, value: string, ...assertions: string[]][] = [
    ["caseIgnoreMatch", "Ann Lee", "ann lee", " ANN   LEE "],
    ["caseIgnoreMatch", "École", "e\u0301COLE"],
    ["caseExactMatch", "Ann Lee", "Ann  Lee "],
    ["caseIgnoreIA5Match", "Ann@Example.com", "ann@example.COM"],
    ["caseExactIA5Match", "/home/Ann", " /home/Ann"],
    ["caseIgnoreListMatch", "1 High St$London", "1 HIGH  st$ london ", "1 High St$London"],
    ["caseIgnoreListMatch", "a\\24b$c", "A\\24B$C"],
    ["integerMatch", "-10", "-10"],
    ["integerMatch", "123456789012345678901234567890", "123456789012345678901234567890"],
    ["numericStringMatch", "12 34", "1234", " 123 4 "],
    ["telephoneNumberMatch", "+1 212-555-1234", "+12125551234", "+1 2125 551234"],
    ["booleanMatch", "TRUE", "TRUE"],
    ["octetStringMatch", "a\u0000B ", "a\u0000B "],
    ["bitStringMatch", "'0101'B", "'0101'B"],
    ["UUIDMatch", "597AE2F6-16A6-1027-98F4-ABCDEFABCDEF", "597ae2f6-16a6-1027-98f4-abcdefabcdef"],
    [
      "generalizedTimeMatch",
      "20240229120000Z",
      "202402291200Z",
      "2024022912Z",
      "20240229130000+0100",
      "20240229120000.0Z",
    ],
    ["generalizedTimeMatch", "20240101000000Z", "20231231233000-0030"],
    ["generalizedTimeMatch", "20240101123000Z", "2024010112.5Z", "202401011230,0Z"],
    ["generalizedTimeMatch", "20240101000000.25Z", "20240101000000.250Z"],
    ["objectIdentifierMatch", "person", "PERSON", "2.5.6.6"],
    ["objectIdentifierMatch", "cn", "commonName", "2.5.4.3"],
    ["objectIdentifierMatch", "1.2.3.4", "1.2.3.4"],
    ["distinguishedNameMatch", "UID=Ann, dc=Example", "uid=ann,dc=example", "0.9.2342.19200300.100.1.1=ANN;dc=example"],
    ["distinguishedNameMatch", ""],
    ["uniqueMemberMatch", "cn=a,dc=b#'01'B", "CN=A, dc=b#'01'B", " cn=a,dc=b#'01'B "],
    ["uniqueMemberMatch", "cn=a,dc=b", "CN=A, dc=b"],
    ["integerFirstComponentMatch", "( 12 NAME 'x' FORM y )", "12"],
    ["objectIdentifierFirstComponentMatch", "( 2.5.4.3 NAME 'cn' SUP name )", "2.5.4.3", "cn", "commonName"],
  ];
  for (const [name, value, ...assertions] of matching)
    for (const assertion of assertions)
      it(`${name}: ${JSON.stringify(value)} matches ${JSON.stringify(assertion)}`, () => {
        const key = equality(name).normalize(bytes(value));
        expect(key).toBeTypeOf("string");
        expect(equality(name).normalizeAssertion(bytes(assertion))).toBe(key);
      });

  const different: [name: string, value: string, assertion: string][] = [
    ["caseIgnoreMatch", "ann", "anna"],
    ["caseIgnoreMatch", "a b", "ab"],
    ["caseExactMatch", "Ann", "ann"],
    ["caseExactIA5Match", "a", "A"],
    ["caseIgnoreListMatch", "a$b", "ab"],
    ["caseIgnoreListMatch", "a\\24b", "a$b"],
    ["integerMatch", "1", "-1"],
    ["telephoneNumberMatch", "12", "+12"],
    ["octetStringMatch", "a", "A"],
    ["bitStringMatch", "'01'B", "'010'B"],
    ["generalizedTimeMatch", "20240101000000Z", "20240101000001Z"],
    ["generalizedTimeMatch", "20161231235960Z", "20170101000000Z"],
    ["objectIdentifierMatch", "person", "top"],
    ["distinguishedNameMatch", "cn=a,cn=b", "cn=b,cn=a"],
    ["uniqueMemberMatch", "cn=a#'01'B", "cn=a"],
  ];
  for (const [name, value, assertion] of different)
    it(`${name}: ${JSON.stringify(value)} does not match ${JSON.stringify(assertion)}`, () => {
      const keys = [equality(name).normalize(bytes(value)), equality(name).normalizeAssertion(bytes(assertion))];
      expect(keys.map((key) => typeof key)).toEqual(["string", "string"]);
      expect(keys[0]).not.toBe(keys[1]);
    });

  const undefinedFor: [name: string, ...assertions: string[]][] = [
    ["caseIgnoreMatch", ""],
    ["caseIgnoreIA5Match", "é"],
    ["integerMatch", "", "-", "01", "-0", "+1", " 1", "1.0", "0x1", "١"],
    ["numericStringMatch", "", "12a"],
    ["telephoneNumberMatch", "", "é", "1#2"],
    ["booleanMatch", "true", "1", ""],
    ["bitStringMatch", "01", "'2'B", "'01'"],
    ["UUIDMatch", "597ae2f6", "597ae2f616a6102798f4abcdefabcdef"],
    [
      "generalizedTimeMatch",
      ...["", "2024", "20240229", "20240229120000", "20230229120000Z", "20240431000000Z", "20241301000000Z"],
      ...[
        "20240101240000Z",
        "202401016000Z",
        "20240101000061Z",
        "20240101000000.Z",
        "20240101000000+2400",
        "00000101000000+0100",
      ],
    ],
    ["objectIdentifierMatch", "nosuchclass", "1.", "01.2", "a b", ""],
    ["distinguishedNameMatch", "x", "cn", "nosuch=x", "gidNumber=a", "cn=a+cn=b", "cn="],
    ["integerFirstComponentMatch", "x", "( 1 )"],
    ["objectIdentifierFirstComponentMatch", "nosuchname"],
  ];
  for (const [name, ...assertions] of undefinedFor)
    for (const assertion of assertions)
      it(`${name} is Undefined for ${JSON.stringify(assertion)}`, () =>
        expect(equality(name).normalizeAssertion(bytes(assertion))).toBeUndefined());

  it("object identifiers of values that the schema does not have can be told apart, whatever their case", () => {
    const { normalize } = equality("objectIdentifierMatch");
    expect(normalize(bytes("someClass"))).toBe(normalize(bytes("SOMECLASS")));
    expect(normalize(bytes("someClass"))).not.toBe(normalize(bytes("otherClass")));
  });

  it("matchers answer as comparing keys does", () => {
    const spellings = fc.string({ unit: fc.constantFrom(..."aAbB  \tééÉß"), maxLength: 5 });
    const names = ["caseIgnoreMatch", "caseExactMatch", "caseIgnoreIA5Match", "caseExactIA5Match"];
    fc.assert(
      fc.property(fc.constantFrom(...names), spellings, spellings, (name, value, assertion) => {
        const found = equality(name);
        const key = found.normalizeAssertion(bytes(assertion));
        if (key !== undefined) expect(found.matcher?.(key)(bytes(value))).toBe(found.normalize(bytes(value)) === key);
      }),
    );
  });
});

describe("ordering rules", () => {
  const ascending: [name: string, ...values: string[]][] = [
    [
      "integerOrderingMatch",
      "-100",
      "-99",
      "-10",
      "-9",
      "-1",
      "0",
      "1",
      "9",
      "10",
      "11",
      "99",
      "100",
      "99999999999999999999",
    ],
    // By code point: the last is a surrogate pair, which by UTF-16 units would come before the one in front of it.
    ["caseIgnoreOrderingMatch", "a", "B", "b c", "c", "é", "李", "﷽", "🦊"],
    ["caseExactOrderingMatch", "B", "a", "aB", "aa"],
    ["numericStringOrderingMatch", "1", "1 0", "2"],
    ["octetStringOrderingMatch", "", "A", "AA", "B", "é"],
    [
      "generalizedTimeOrderingMatch",
      "20231231235959Z",
      "20240101000000Z",
      "20240101000000.5Z",
      "20240101010000Z",
      "20240101000000-0200",
    ],
    ["UUIDOrderingMatch", "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-0000000000A0"],
  ];
  for (const [name, ...values] of ascending)
    it(name, () => {
      const keys = values.map((value) => ordering(name).normalize(bytes(value)));
      expect(keys.every((key) => key !== undefined)).toBe(true);
      for (let i = 1; i < keys.length; i++) expect((keys[i - 1] as string) < (keys[i] as string)).toBe(true);
    });

  it("order integers as numbers are ordered", () => {
    const { normalize } = ordering("integerOrderingMatch");
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), (a, b) => {
        const [first, second] = [normalize(bytes(`${a}`)), normalize(bytes(`${b}`))] as [string, string];
        expect([first < second, first === second]).toEqual([a < b, a === b]);
      }),
    );
  });
});

describe("substrings rules", () => {
  it("leave out spaces and hyphens in telephone numbers", () => {
    const { normalize, normalizeSubstring } = rule("telephoneNumberSubstringsMatch") as SubstringsRule;
    expect(normalize(bytes("+1 212-555"))).toBe("+1212555");
    expect(normalizeSubstring(bytes("2-5"), "any")).toBe("25");
  });
  it("keep the ends of lines between the lines of an address", () => {
    const { normalize, normalizeSubstring } = rule("caseIgnoreListSubstringsMatch") as SubstringsRule;
    expect(normalize(bytes("High St$LONDON"))).toBe("high st\nlondon");
    expect(normalizeSubstring(bytes("t\nl"), "any")).toBe("t l");
  });
});

describe("bit rules", () => {
  const cases: [name: string, mask: string, value: string, matches: boolean][] = [
    ["1.2.840.113556.1.4.803", "5", "7", true],
    ["1.2.840.113556.1.4.803", "5", "4", false],
    ["1.2.840.113556.1.4.803", "0", "4", true],
    ["1.2.840.113556.1.4.804", "5", "4", true],
    ["1.2.840.113556.1.4.804", "5", "2", false],
    ["1.2.840.113556.1.4.804", "0", "2", false],
    ["1.2.840.113556.1.4.803", "-2147483648", "-2147483646", true],
    ["1.2.840.113556.1.4.803", "1", "not a number", false],
    ["1.2.840.113556.1.4.804", "1", "99999999999999999999", false],
  ];
  for (const [name, mask, value, matches] of cases)
    it(`${value} by ${name} with ${mask}: ${matches}`, () =>
      expect((rule(name) as PredicateRule).compile(bytes(mask))?.(bytes(value))).toBe(matches));
  it("are Undefined for what is no integer of 64 bits", () => {
    for (const mask of ["x", "", "99999999999999999999"])
      expect((rule("integerBitAndMatch") as PredicateRule).compile(bytes(mask))).toBeUndefined();
  });
});

it("no value makes a rule throw", () => {
  const values = fc.oneof(
    fc.uint8Array(),
    fc.string().map(bytes),
    fc.constantFrom("1", "cn=a", "( 1", "20240101").map(bytes),
  );
  fc.assert(
    fc.property(values, (value) => {
      for (const each of builtInSchema.matchingRules) {
        if (each.kind === "predicate") each.compile(value)?.(value);
        else each.normalize(value);
        if (each.kind === "equality") each.normalizeAssertion(value);
        if (each.kind === "substrings")
          for (const at of ["initial", "any", "final"] as const) each.normalizeSubstring(value, at);
      }
    }),
  );
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDn } from "../../src/dn/format.ts";
import { isWithin, normalizeDn, normalizedParent } from "../../src/dn/normalize.ts";
import { parseDn } from "../../src/dn/parse.ts";
import { builtInSchema } from "../../src/schema/built-in-schema.ts";
import { Schema } from "../../src/schema/schema.ts";
import { dns } from "./arbitrary-dn.ts";

const normalize = (dn: string) => normalizeDn(dn, builtInSchema);

describe("gives one form to all spellings of a name", () => {
  const spellings: [normalized: string, ...others: string[]][] = [
    [
      "uid=ann,dc=example,dc=com",
      "UID=Ann,DC=EXAMPLE,DC=com",
      "userid=ann,domainComponent=example,dc=com",
      "0.9.2342.19200300.100.1.1=ann,OID.0.9.2342.19200300.100.1.25=example,dc=com",
      " uid = ann ; dc = example ; dc = com ",
      'uid="ann",dc=example,dc=com',
      "uid=#0c03616e6e,dc=#16076578616d706c65,dc=com",
      "uid=\\61nn,dc=example,dc=com",
    ],
    ["cn=ann lee+sn=lee", "SN=Lee+CN=Ann  Lee", "surname=lee + commonName= Ann Lee "],
    ["cn=lee\\, ann", "cn=Lee\\2C Ann", 'CN="Lee, Ann"'],
    ["cn=é", "cn=É", "cn=e\u0301", "cn=E\\CC\\81"],
    ["cn=\\#a", "cn=\\23A"],
    ["homedirectory=/home/Ann", "HOMEDIRECTORY=/home/Ann"],
    ["gidnumber=7", "gidNumber=7"],
    ["member=cn=a\\,dc=x", "member=CN\\3DA\\, DC=X", 'member="commonName=A,dc=x"'],
    [""],
  ];
  for (const [normalized, ...others] of spellings)
    for (const spelling of [normalized, ...others]) it(spelling, () => expect(normalize(spelling)).toBe(normalized));
});

describe("tells names apart", () => {
  const pairs: [string, string][] = [
    ["uid=ann,dc=com", "uid=ann,dc=org"],
    ["uid=ann,dc=com", "cn=ann,dc=com"],
    ["uid=ann,dc=com", "dc=com"],
    ["cn=a,cn=b", "cn=b,cn=a"],
    ["cn=a+sn=b", "cn=a,sn=b"],
    ["cn=a\\,sn=b", "cn=a,sn=b"],
    ["cn=a\\+sn=b", "cn=a+sn=b"],
    ["homeDirectory=/home/Ann", "homeDirectory=/home/ann"],
    ["gidNumber=07", "gidNumber=7"],
    ["x-unknown=a", "x-unknown=A"],
    ["cn=\\#0401", "cn=#0401"],
  ];
  for (const [one, other] of pairs) it(`${one} and ${other}`, () => expect(normalize(one)).not.toBe(normalize(other)));
});

it("compares types without a rule by their syntax, as Active Directory, which publishes no rules, does", () => {
  const schema = new Schema({
    attributeTypes: ["( 2.5.4.3 NAME 'cn' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15' SINGLE-VALUE )"],
  });
  expect(normalizeDn("CN=Ann  Lee", schema)).toBe("cn=ann lee");
});

describe("is within a base", () => {
  const base = normalize("dc=example,dc=com");
  const cases: [dn: string, within: boolean][] = [
    ["dc=example,dc=com", true],
    ["UID=ann,DC=Example,DC=com", true],
    ["uid=ann,ou=people,dc=example,dc=com", true],
    ["dc=com", false],
    ["dc=badexample,dc=com", false],
    ["uid=ann\\,dc=example,dc=com", false],
    ["uid=ann\\\\,dc=example,dc=com", true],
  ];
  for (const [dn, within] of cases) it(`${dn}: ${within}`, () => expect(isWithin(normalize(dn), base)).toBe(within));
  it("everything is within the root", () => expect(isWithin("dc=com", "")).toBe(true));
});

it("finds the superior of a normalized name behind the first comma that is not escaped", () => {
  expect(normalizedParent(normalize("cn=Lee\\, Ann\\\\,dc=com"))).toBe("dc=com");
  expect(normalizedParent("dc=com")).toBe("");
  expect(normalizedParent("")).toBeUndefined();
});

it("is the same after a second time", () => {
  fc.assert(
    fc.property(dns, (dn) => {
      const normalized = normalizeDn(dn, builtInSchema);
      expect(normalize(normalized)).toBe(normalized);
    }),
  );
});

it("does not depend on how the name was written", () => {
  fc.assert(
    fc.property(dns, fc.infiniteStream(fc.nat(3)), (dn, choices) => {
      const spelled = dn.map((rdn) => rdn.map((ava) => respell(ava, choices)).join(" + ")).join(" ,");
      expect(normalize(spelled)).toBe(normalizeDn(dn, builtInSchema));
      expect(normalize(formatDn(parseDn(spelled)))).toBe(normalizeDn(dn, builtInSchema));
    }),
  );
});

it("does not depend on letter case where the rule does not", () => {
  const names = fc.array(fc.record({ type: fc.constantFrom("cn", "uid", "ou"), value: fc.string({ minLength: 1 }) }));
  fc.assert(
    fc.property(names, (avas) => {
      const dn = avas.map((ava) => [ava]);
      const capitals = avas.map(({ type, value }) => [{ type: type.toUpperCase(), value: value.toUpperCase() }]);
      expect(normalizeDn(capitals, builtInSchema)).toBe(normalizeDn(dn, builtInSchema));
    }),
  );
});

it("keeps a name within its superior", () => {
  fc.assert(
    fc.property(dns, dns, (dn, base) => {
      const normalized = normalizeDn([...dn, ...base], builtInSchema);
      expect(isWithin(normalized, normalizeDn(base, builtInSchema))).toBe(true);
      if (dn.length > 0)
        expect(normalizedParent(normalized)).toBe(normalizeDn([...dn.slice(1), ...base], builtInSchema));
    }),
  );
});

/** Text in hexadecimal escapes, in quotes, in BER, or with the escapes it needs. */
function respell({ type, value }: { type: string; value: string | Uint8Array }, choices: Iterator<number>): string {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
  if (typeof value !== "string") return `${type}=#${hex.join("").toUpperCase()}`;
  switch (choices.next().value) {
    case 0:
      return `${type} = ${hex.map((digits) => `\\${digits}`).join("")}`;
    case 1:
      return `${type}="${value.replaceAll(/["\\]/g, "\\$&")}"`;
    case 2:
      return bytes.length > 127 ? formatDn([[{ type, value }]]) : `${type}=#0C${hexByte(bytes.length)}${hex.join("")}`;
    default:
      return formatDn([[{ type, value }]]);
  }
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

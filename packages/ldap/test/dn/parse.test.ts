import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDn } from "../../src/dn/format.ts";
import { parseDn, parseRdn } from "../../src/dn/parse.ts";
import { ParseError } from "../../src/error.ts";
import { dns } from "./arbitrary-dn.ts";

const ava = (type: string, value: string | Uint8Array) => ({ type, value });

describe("RFC 4514 §4: the examples", () => {
  const examples: [string, ReturnType<typeof parseDn>][] = [
    ["UID=jsmith,DC=example,DC=net", [[ava("UID", "jsmith")], [ava("DC", "example")], [ava("DC", "net")]]],
    [
      "OU=Sales+CN=J.  Smith,DC=example,DC=net",
      [[ava("OU", "Sales"), ava("CN", "J.  Smith")], [ava("DC", "example")], [ava("DC", "net")]],
    ],
    [
      'CN=James \\"Jim\\" Smith\\, III,DC=example,DC=net',
      [[ava("CN", 'James "Jim" Smith, III')], [ava("DC", "example")], [ava("DC", "net")]],
    ],
    [
      "CN=Before\\0dAfter,DC=example,DC=net",
      [[ava("CN", "Before\rAfter")], [ava("DC", "example")], [ava("DC", "net")]],
    ],
    ["1.3.6.1.4.1.1466.0=#04024869", [[ava("1.3.6.1.4.1.1466.0", Uint8Array.of(0x04, 0x02, 0x48, 0x69))]]],
    ["CN=Lu\\C4\\8Di\\C4\\87", [[ava("CN", "Lučić")]]],
  ];
  for (const [text, dn] of examples) it(text, () => expect(parseDn(text)).toEqual(dn));
});

describe("what RFC 2253 §4 and RFC 1779 let senders write", () => {
  const plain = parseDn("cn=Ann Lee,o=Acme,c=DE");
  for (const text of [
    "cn=Ann Lee, o=Acme, c=DE",
    " cn = Ann Lee , o = Acme , c = DE ",
    "cn=Ann Lee;o=Acme;c=DE",
    "cn=Ann Lee,\n o=Acme,\n c=DE",
    'cn="Ann Lee",o="Acme",c="DE"',
  ])
    it(JSON.stringify(text), () => expect(parseDn(text)).toEqual(plain));

  it("takes separators in quotes as text, and escapes in quotes as escapes", () =>
    expect(parseDn('cn="Lee, \\"Ann\\" + ;=<>#",c=DE')).toEqual([[ava("cn", 'Lee, "Ann" + ;=<>#')], [ava("c", "DE")]]));
  it("takes OID. before a numericoid", () =>
    expect(parseDn("OID.2.5.4.3=x,oid.2.5.4.6=DE")).toEqual([[ava("2.5.4.3", "x")], [ava("2.5.4.6", "DE")]]));
});

it("reads the empty name", () => expect(parseDn("")).toEqual([]));
it("reads empty values", () => expect(parseDn("cn=,o=")).toEqual([[ava("cn", "")], [ava("o", "")]]));
it("keeps = and # inside a value", () => expect(parseDn("cn=a=b#c")).toEqual([[ava("cn", "a=b#c")]]));
it("keeps escaped spaces at both ends and drops bare ones", () =>
  expect(parseDn("cn=  \\  a \\ ,o=x")).toEqual([[ava("cn", "  a  ")], [ava("o", "x")]]));
it("reads one RDN of several AVAs", () => expect(parseRdn("cn=a + sn=b")).toEqual([ava("cn", "a"), ava("sn", "b")]));

describe("refuses, and says where", () => {
  const malformed: [text: string, offset: number][] = [
    [" ", 1],
    ["cn", 2],
    ["=x", 0],
    ["cn=a,", 5],
    ["cn=a,,o=b", 5],
    ["cn=a+", 5],
    [",cn=a", 0],
    ["c n=a", 2],
    ["cn;lang-de=a", 2],
    ["1.2.=a", 0],
    ["01.2=a", 0],
    ["cn=a\\", 4],
    ["cn=a\\x", 4],
    ["cn=a\\4", 4],
    ["cn=a\\4x", 4],
    ['cn=a"b', 4],
    ["cn=a<b", 4],
    ["cn=a\0", 4],
    ['cn="a', 3],
    ['cn="a"b', 6],
    ["cn=#", 4],
    ["cn=#0", 4],
    ["cn=#0g", 4],
    ["cn=#04 00", 7],
    ["cn=\\ff", 3],
  ];
  for (const [text, offset] of malformed)
    it(JSON.stringify(text), () => expect(thrownBy(() => parseDn(text))).toMatchObject({ code: "ERR_DN", offset }));
});

it("reads what it has written", () => {
  fc.assert(
    fc.property(dns, (dn) => {
      expect(parseDn(formatDn(dn))).toEqual(dn);
    }),
  );
});

it("gives a name or a ParseError for any text", () => {
  const texts = fc.oneof(
    fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }),
    fc.string({ unit: fc.constantFrom(...'cn=,+;\\"# aF0.') }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const result = thrownBy(() => parseDn(text));
      expect(result === undefined || result instanceof ParseError).toBe(true);
    }),
  );
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParseError } from "../../src/error.ts";
import type { Filter } from "../../src/filter/filter.ts";
import { escapeFilterValue, formatFilter } from "../../src/filter/format.ts";
import { parseFilter } from "../../src/filter/parse.ts";
import { filter } from "../../src/filter/template.ts";
import { filters } from "./arbitrary-filter.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const equality = (attribute: string, value: string): Filter => ({
  type: "equalityMatch",
  attribute,
  value: bytes(value),
});
const present = (attribute: string): Filter => ({ type: "present", attribute });

describe("RFC 4515 §4: the examples", () => {
  const examples: [string, Filter][] = [
    ["(cn=Babs Jensen)", equality("cn", "Babs Jensen")],
    ["(!(cn=Tim Howes))", { type: "not", filter: equality("cn", "Tim Howes") }],
    [
      "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))",
      {
        type: "and",
        filters: [
          equality("objectClass", "Person"),
          {
            type: "or",
            filters: [
              equality("sn", "Jensen"),
              { type: "substrings", attribute: "cn", initial: bytes("Babs J"), any: [], final: undefined },
            ],
          },
        ],
      },
    ],
    [
      "(o=univ*of*mich*)",
      {
        type: "substrings",
        attribute: "o",
        initial: bytes("univ"),
        any: [bytes("of"), bytes("mich")],
        final: undefined,
      },
    ],
    ["(seeAlso=)", equality("seeAlso", "")],
    [
      "(cn:caseExactMatch:=Fred Flintstone)",
      {
        type: "extensibleMatch",
        matchingRule: "caseExactMatch",
        attribute: "cn",
        value: bytes("Fred Flintstone"),
        dnAttributes: false,
      },
    ],
    [
      "(cn:=Betty Rubble)",
      {
        type: "extensibleMatch",
        matchingRule: undefined,
        attribute: "cn",
        value: bytes("Betty Rubble"),
        dnAttributes: false,
      },
    ],
    [
      "(sn:dn:2.4.6.8.10:=Barney Rubble)",
      {
        type: "extensibleMatch",
        matchingRule: "2.4.6.8.10",
        attribute: "sn",
        value: bytes("Barney Rubble"),
        dnAttributes: true,
      },
    ],
    [
      "(o:dn:=Ace Industry)",
      {
        type: "extensibleMatch",
        matchingRule: undefined,
        attribute: "o",
        value: bytes("Ace Industry"),
        dnAttributes: true,
      },
    ],
    [
      "(:1.2.3:=Wilma Flintstone)",
      {
        type: "extensibleMatch",
        matchingRule: "1.2.3",
        attribute: undefined,
        value: bytes("Wilma Flintstone"),
        dnAttributes: false,
      },
    ],
    [
      "(:DN:2.4.6.8.10:=Dino)",
      {
        type: "extensibleMatch",
        matchingRule: "2.4.6.8.10",
        attribute: undefined,
        value: bytes("Dino"),
        dnAttributes: true,
      },
    ],
    [
      "(o=Parens R Us \\28for all your parenthetical needs\\29)",
      equality("o", "Parens R Us (for all your parenthetical needs)"),
    ],
    ["(cn=*\\2A*)", { type: "substrings", attribute: "cn", initial: undefined, any: [bytes("*")], final: undefined }],
    ["(filename=C:\\5cMyFile)", equality("filename", "C:\\MyFile")],
    ["(bin=\\00\\00\\00\\04)", { type: "equalityMatch", attribute: "bin", value: Uint8Array.of(0, 0, 0, 4) }],
    ["(sn=Lu\\c4\\8di\\c4\\87)", equality("sn", "Lučić")],
    [
      "(1.3.6.1.4.1.1466.0=\\04\\02\\48\\69)",
      { type: "equalityMatch", attribute: "1.3.6.1.4.1.1466.0", value: Uint8Array.of(4, 2, 0x48, 0x69) },
    ],
  ];
  for (const [text, expected] of examples) it(text, () => expect(parseFilter(text)).toEqual(expected));
});

describe("reads", () => {
  const texts: [string, Filter][] = [
    ["(&)", { type: "and", filters: [] }],
    ["(|)", { type: "or", filters: [] }],
    ["(cn=*)", present("cn")],
    ["(cn;lang-de=*)", present("cn;lang-de")],
    ["(cn>=a)", { type: "greaterOrEqual", attribute: "cn", value: bytes("a") }],
    ["(cn<=a)", { type: "lessOrEqual", attribute: "cn", value: bytes("a") }],
    ["(cn~=a)", { type: "approxMatch", attribute: "cn", value: bytes("a") }],
    ["(cn=a=b)", equality("cn", "a=b")],
    ["(cn= a )", equality("cn", " a ")],
    ["(cn=é)", equality("cn", "é")],
    ["cn=a", equality("cn", "a")],
    ["cn=*", present("cn")],
    [
      " (& (cn=a)\n  (! (sn=*) ) ) ",
      { type: "and", filters: [equality("cn", "a"), { type: "not", filter: present("sn") }] },
    ],
    ["(cn=**)", present("cn")],
    ["(cn=a**b)", { type: "substrings", attribute: "cn", initial: bytes("a"), any: [], final: bytes("b") }],
  ];
  for (const [text, expected] of texts) it(JSON.stringify(text), () => expect(parseFilter(text)).toEqual(expected));
});

describe("refuses, and says where", () => {
  const malformed: [text: string, offset: number][] = [
    ["", 0],
    ["(", 0],
    ["()", 1],
    ["(cn)", 1],
    ["(cn=a", 0],
    ["(&(cn=a)", 0],
    ["(&(cn=a)(sn=b", 8],
    ["(cn=a))", 6],
    ["(cn=a)(cn=b)", 6],
    ["(!)", 2],
    ["(!(cn=a)(cn=b))", 0],
    ["(=a)", 1],
    ["(c n=a)", 1],
    ["(cn;=a)", 1],
    ["(cn=a(b)", 5],
    ["(cn=a\\)", 5],
    ["(cn=a\\2)", 5],
    ["(cn=a\\zz)", 5],
    ["(cn=a\0)", 5],
    ["(cn>=a*)", 6],
    ["(:=a)", 1],
    ["(:dn:=a)", 1],
    ["(cn:a:b:=c)", 1],
    ["(cn:dn:a:b:=c)", 1],
    ["(cn::=a)", 1],
    ["(&(cn=a)x)", 0],
    ["cn", 0],
    ["cn=a)", 4],
  ];
  for (const [text, offset] of malformed)
    it(JSON.stringify(text), () =>
      expect(thrownBy(() => parseFilter(text))).toMatchObject({ code: "ERR_FILTER", offset }),
    );
  it("filters that are nested too deep, without running out of stack", () => {
    expect(thrownBy(() => parseFilter("(!".repeat(1_000_000)))).toMatchObject({ code: "ERR_FILTER_LIMIT" });
    const nested = `${"(!".repeat(100)}(cn=a)${")".repeat(100)}`;
    expect(formatFilter(parseFilter(nested))).toBe(nested);
  });
  it("filters with too many parts", () =>
    expect(thrownBy(() => parseFilter("(&(a=1)(b=2)(c=3))", { maxDepth: 2, maxItems: 3 }))).toMatchObject({
      code: "ERR_FILTER_LIMIT",
      offset: 13,
    }));
});

it("writes filters that are nested without end", () => {
  let deep: Filter = present("cn");
  for (let i = 0; i < 100_000; i++) deep = { type: "not", filter: deep };
  expect(formatFilter(deep).length).toBe(100_000 * 3 + 6);
});

it("reads what it has written", () => {
  fc.assert(
    fc.property(filters, (each) => {
      expect(parseFilter(formatFilter(each))).toEqual(each);
    }),
  );
});

it("gives a filter or a ParseError for any text", () => {
  const texts = fc.oneof(
    fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }),
    fc.string({ unit: fc.constantFrom(..."(&|!)=*:<>~;\\ac 0dn.") }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const result = thrownBy(() => parseFilter(text));
      expect(result === undefined || result instanceof ParseError).toBe(true);
    }),
  );
});

describe("values in a filter", () => {
  it("escape what would be read as something else", () =>
    expect(escapeFilterValue("a*b(c)d\\e\0f\n é")).toBe("a\\2ab\\28c\\29d\\5ce\\00f\\0a é"));
  it("that are not UTF-8 are escaped byte by byte", () =>
    expect(escapeFilterValue(Uint8Array.of(0x61, 0xff, 0xc3, 0xa9, 0xc3, 0xed, 0xa0, 0x80))).toBe(
      "a\\ffé\\c3\\ed\\a0\\80",
    ));
  it("stay values, whatever they hold", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "grapheme" }), fc.uint8Array()), (value) => {
        expect(filter`(&(objectClass=person)(uid=${value}))`).toEqual({
          type: "and",
          filters: [
            equality("objectClass", "person"),
            { type: "equalityMatch", attribute: "uid", value: typeof value === "string" ? bytes(value) : value },
          ],
        });
      }),
    );
  });
  it("may be numbers", () => expect(filter`(uidNumber>=${1000})`).toEqual(parseFilter("(uidNumber>=1000)")));
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}

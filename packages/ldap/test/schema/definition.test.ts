import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParseError } from "../../src/error.ts";
import type {
  AttributeTypeDefinition,
  DefinitionExtension,
  ObjectClassDefinition,
} from "../../src/schema/definition.ts";
import {
  formatAttributeType,
  formatDitContentRule,
  formatDitStructureRule,
  formatLdapSyntax,
  formatMatchingRule,
  formatMatchingRuleUse,
  formatNameForm,
  formatObjectClass,
} from "../../src/schema/format-definition.ts";
import {
  parseAttributeType,
  parseDitContentRule,
  parseDitStructureRule,
  parseLdapSyntax,
  parseMatchingRule,
  parseMatchingRuleUse,
  parseNameForm,
  parseObjectClass,
} from "../../src/schema/parse-definition.ts";

const attributeType: AttributeTypeDefinition = {
  oid: "2.5.4.3",
  names: ["cn"],
  description: undefined,
  obsolete: false,
  superior: undefined,
  equality: undefined,
  ordering: undefined,
  substrings: undefined,
  syntax: undefined,
  minimumUpperBound: undefined,
  singleValue: false,
  collective: false,
  noUserModification: false,
  usage: "userApplications",
  extensions: [],
};
const objectClass: ObjectClassDefinition = {
  oid: "2.5.6.6",
  names: ["person"],
  description: undefined,
  obsolete: false,
  superiors: [],
  kind: "STRUCTURAL",
  must: [],
  may: [],
  extensions: [],
};

describe("RFC 4512 §4.1: reads and writes", () => {
  it("an attribute type with every field", () => {
    const text =
      "( 1.2.3 NAME ( 'a' 'b' ) DESC 'What it\\27s for' OBSOLETE SUP name EQUALITY x ORDERING y SUBSTR z " +
      "SYNTAX 1.3.6.1{64} SINGLE-VALUE COLLECTIVE NO-USER-MODIFICATION USAGE dSAOperation X-ORIGIN ( 'one' 'two' ) )";
    const definition: AttributeTypeDefinition = {
      oid: "1.2.3",
      names: ["a", "b"],
      description: "What it's for",
      obsolete: true,
      superior: "name",
      equality: "x",
      ordering: "y",
      substrings: "z",
      syntax: "1.3.6.1",
      minimumUpperBound: 64,
      singleValue: true,
      collective: true,
      noUserModification: true,
      usage: "dSAOperation",
      extensions: [{ name: "X-ORIGIN", values: ["one", "two"] }],
    };
    expect(parseAttributeType(text)).toEqual(definition);
    expect(formatAttributeType(definition)).toBe(text);
  });
  it("an object class", () => {
    const text = "( 2.5.6.6 NAME 'person' SUP ( top $ x ) AUXILIARY MUST ( sn $ cn ) MAY description )";
    expect(parseObjectClass(text)).toEqual({
      ...objectClass,
      superiors: ["top", "x"],
      kind: "AUXILIARY",
      must: ["sn", "cn"],
      may: ["description"],
    });
    expect(formatObjectClass(parseObjectClass(text))).toBe(text);
  });
  it("the other kinds of definitions", () => {
    const texts: [parse: (text: string) => never, format: (definition: never) => string, text: string][] = [
      [parseMatchingRule as never, formatMatchingRule, "( 2.5.13.2 NAME 'caseIgnoreMatch' SYNTAX 1.3.6 )"],
      [parseMatchingRuleUse as never, formatMatchingRuleUse, "( 2.5.13.16 APPLIES ( givenName $ surname ) )"],
      [parseLdapSyntax as never, formatLdapSyntax, "( 1.3.6 DESC 'JPEG' X-NOT-HUMAN-READABLE 'TRUE' )"],
      [
        parseDitContentRule as never,
        formatDitContentRule,
        "( 2.5.6.4 NAME 'x' DESC 'content rule for organization' AUX ( a $ b ) MUST c MAY d NOT ( x121Address $ telexNumber ) )",
      ],
      [parseDitStructureRule as never, formatDitStructureRule, "( 2 NAME 'x' DESC 'y' FORM uddiForm SUP ( 1 2 ) )"],
      [parseNameForm as never, formatNameForm, "( 1.2.3 NAME 'x' OC organization MUST ( o $ ou ) MAY c )"],
    ];
    for (const [parse, format, text] of texts) expect(format(parse(text))).toBe(text);
  });
});

describe("reads what servers publish beside the grammar", () => {
  const cn = { ...attributeType, superior: "name" };
  const texts: [what: string, text: string, expected: AttributeTypeDefinition][] = [
    [
      "no spaces where none are needed",
      "(2.5.4.3 NAME('cn' 'commonName')SUP name)",
      { ...cn, names: ["cn", "commonName"] },
    ],
    ["names side by side", "(2.5.4.3 NAME('cn''commonName')SUP name)", { ...cn, names: ["cn", "commonName"] }],
    ["a keyword right behind a quote", "( 2.5.4.3 NAME 'cn'SUP name )", cn],
    ["lines and tabs", "\t(\n  2.5.4.3\n\tNAME 'cn'\r\n  SUP name\n)\n", cn],
    ["quoted OIDs", "( '2.5.4.3' NAME 'cn' SUP 'name' )", cn],
    [
      "a quoted syntax, as Active Directory has it",
      "( 2.5.4.3 NAME 'cn' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15{64}' )",
      { ...attributeType, syntax: "1.3.6.1.4.1.1466.115.121.1.15", minimumUpperBound: 64 },
    ],
    ["a name without quotes", "( 2.5.4.3 NAME cn SUP name )", cn],
    ["keywords in lower case", "( 2.5.4.3 name 'cn' sup name )", cn],
    ["fields in another order", "( 2.5.4.3 SUP name NAME 'cn' )", cn],
    ["a name for an OID, as 389-DS has it", "( nsCn-oid NAME 'cn' SUP name )", { ...cn, oid: "nsCn-oid" }],
    [
      "an apostrophe inside a description",
      "( 2.5.4.3 NAME 'cn' DESC 'the person's name' SUP name )",
      { ...cn, description: "the person's name" },
    ],
    ["an empty description", "( 2.5.4.3 NAME 'cn' DESC '' SUP name )", { ...cn, description: "" }],
    ["a backslash that escapes nothing", "( 2.5.4.3 NAME 'cn' DESC 'a\\b' SUP name )", { ...cn, description: "a\\b" }],
    [
      "words that no RFC names",
      "( 2.5.4.3 NAME 'cn' SUP name SOMETHING X-ORDERED 'VALUES' )",
      {
        ...cn,
        extensions: [
          { name: "SOMETHING", values: [] },
          { name: "X-ORDERED", values: ["VALUES"] },
        ],
      },
    ],
    ["a usage in other letters", "( 2.5.4.3 NAME 'cn' SUP name USAGE DSAOPERATION )", { ...cn, usage: "dSAOperation" }],
    ["an empty list of names", "( 2.5.4.3 NAME ( ) SUP name )", { ...cn, names: [] }],
  ];
  for (const [what, text, expected] of texts) it(what, () => expect(parseAttributeType(text)).toEqual(expected));

  it("lists of OIDs without dollar signs, and with one too many", () =>
    expect(parseObjectClass("( 2.5.6.6 NAME 'person' MUST ( sn cn ) MAY ( a $ b $ ) )")).toEqual({
      ...objectClass,
      must: ["sn", "cn"],
      may: ["a", "b"],
    }));
});

describe("refuses, and says where", () => {
  const malformed: [text: string, offset: number][] = [
    ["", 0],
    ["2.5.4.3", 0],
    ["()", 1],
    ["( 2.5.4.3 NAME 'cn'", 19],
    ["( 2.5.4.3 NAME 'cn ) ", 15],
    ["( 2.5.4.3 NAME 'cn' ) x", 22],
    ["( 2.5.4.3 'cn' )", 10],
    ["( 2.5.4.3 SUP )", 14],
    ["( 2.5.4.3 SUP a SUP b )", 16],
    ["( 2.5.4.3 NAME ( 'a' ( 'b' ) ) )", 21],
    ["( 2.5.4.3 SYNTAX ( a ) )", 17],
  ];
  for (const [text, offset] of malformed)
    it(JSON.stringify(text), () =>
      expect(thrownBy(() => parseAttributeType(text))).toMatchObject({ code: "ERR_SCHEMA", offset }),
    );
});

const oids = fc.constantFrom("2.5.4.3", "1.3.6.1.4.1.99", "name", "x-odd-oid");
const keystrings = fc.constantFrom("a", "cn", "user-name");
const texts = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."'\\ 275CaN()$") }));
const extensions: fc.Arbitrary<DefinitionExtension[]> = fc.array(
  fc.record({
    name: fc.constantFrom("X-ORIGIN", "X-SCHEMA-FILE"),
    values: fc.array(texts, { minLength: 1, maxLength: 3 }),
  }),
  { maxLength: 2 },
);
const attributeTypes: fc.Arbitrary<AttributeTypeDefinition> = fc.record({
  oid: oids,
  names: fc.array(keystrings, { maxLength: 3 }),
  description: fc.option(texts, { nil: undefined }),
  obsolete: fc.boolean(),
  superior: fc.option(oids, { nil: undefined }),
  equality: fc.option(oids, { nil: undefined }),
  ordering: fc.option(oids, { nil: undefined }),
  substrings: fc.option(oids, { nil: undefined }),
  syntax: fc.constant("1.3.6.1.4.1.1466.115.121.1.15"),
  minimumUpperBound: fc.option(fc.nat(), { nil: undefined }),
  singleValue: fc.boolean(),
  collective: fc.boolean(),
  noUserModification: fc.boolean(),
  usage: fc.constantFrom("userApplications", "directoryOperation", "distributedOperation", "dSAOperation"),
  extensions,
});
const objectClasses: fc.Arbitrary<ObjectClassDefinition> = fc.record({
  oid: oids,
  names: fc.array(keystrings, { maxLength: 3 }),
  description: fc.option(texts, { nil: undefined }),
  obsolete: fc.boolean(),
  superiors: fc.array(oids, { maxLength: 3 }),
  kind: fc.constantFrom("ABSTRACT", "STRUCTURAL", "AUXILIARY"),
  must: fc.array(oids, { maxLength: 3 }),
  may: fc.array(oids, { maxLength: 3 }),
  extensions,
});

it("reads what it has written", () => {
  fc.assert(
    fc.property(attributeTypes, objectClasses, (type, definition) => {
      expect(parseAttributeType(formatAttributeType(type))).toEqual(type);
      expect(parseObjectClass(formatObjectClass(definition))).toEqual(definition);
    }),
  );
});

it("gives a definition or a ParseError for any text", () => {
  const words = fc.constantFrom(..."()$'\\ ", "NAME", "SUP", "MUST", "DESC", "X-A", "1.2", "a", "'a'", "{1}");
  const anything = fc.oneof(
    fc.string(),
    fc.array(words).map((parts) => `( ${parts.join(" ")} )`),
  );
  fc.assert(
    fc.property(anything, (text) => {
      for (const parse of [parseAttributeType, parseObjectClass, parseDitStructureRule, parseNameForm]) {
        const result = thrownBy(() => parse(text));
        expect(result === undefined || result instanceof ParseError).toBe(true);
      }
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

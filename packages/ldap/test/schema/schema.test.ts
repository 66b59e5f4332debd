import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasOptions, parseAttributeDescription } from "../../src/schema/attribute-description.ts";
import { builtInSchema } from "../../src/schema/built-in-schema.ts";
import { rfc2307bisSchema } from "../../src/schema/rfc2307bis-schema.ts";
import { Schema } from "../../src/schema/schema.ts";

describe("attribute types", () => {
  it("are found by any name and by OID, in any case", () => {
    const cn = builtInSchema.attribute("cn");
    expect(cn?.key).toBe("cn");
    for (const name of ["CN", "commonName", "COMMONNAME", "2.5.4.3"]) expect(builtInSchema.attribute(name)).toBe(cn);
    expect(builtInSchema.attribute("nosuch")).toBeUndefined();
  });
  it("take rules and syntax from their supertypes", () => {
    const member = builtInSchema.attribute("member");
    expect(member?.superior?.name).toBe("distinguishedName");
    expect(builtInSchema.equality("member")?.name).toBe("distinguishedNameMatch");
    expect(member?.syntax).toBe("1.3.6.1.4.1.1466.115.121.1.12");
    expect(builtInSchema.substrings("sn")?.name).toBe("caseIgnoreSubstringsMatch");
    expect(builtInSchema.attribute("c")?.syntax).toBe("1.3.6.1.4.1.1466.115.121.1.11");
  });
  it("know their subtypes, themselves among them", () => {
    const names = builtInSchema.subtypes("name").map((type) => type.name);
    expect(names).toEqual(expect.arrayContaining(["name", "cn", "sn", "givenName", "ou", "o", "c", "title"]));
    expect(names).not.toContain("uid");
    expect(builtInSchema.subtypes("uid").map((type) => type.name)).toEqual(["uid"]);
    expect(builtInSchema.subtypes("nosuch")).toEqual([]);
  });
  it("have no rule where the definition names one that is of another kind or not performed", () => {
    const schema = new Schema({
      attributeTypes: [
        "( 1.1 NAME 'a' EQUALITY integerOrderingMatch )",
        "( 1.2 NAME 'b' EQUALITY nosuchMatch )",
        "( 1.3 NAME 'c' SUP b )",
      ],
    });
    expect(["a", "b", "c"].map((name) => schema.equality(name))).toEqual([undefined, undefined, undefined]);
    expect(schema.problems).toEqual([]);
  });
  it("that are each other's supertypes end the chain, with a problem for the administrator", () => {
    const schema = new Schema({
      attributeTypes: ["( 1.1 NAME 'a' SUP b )", "( 1.2 NAME 'b' SUP c SYNTAX 1.9 )", "( 1.3 NAME 'c' SUP a )"],
    });
    expect(schema.problems).toEqual([{ definition: "c", message: "its supertype a is one of its own subtypes" }]);
    expect(schema.attribute("a")?.syntax).toBe("1.9");
    expect(schema.subtypes("c").map((type) => type.name)).toEqual(["c", "b", "a"]);
  });
  it("with supertypes by the thousand do not exhaust the stack", () => {
    const attributeTypes = Array.from({ length: 2000 }, (_, i) => `( 1.${i} NAME 'a${i}' SUP a${i + 1} )`);
    const schema = new Schema({ attributeTypes: [...attributeTypes, "( 2.0 NAME 'a2000' EQUALITY integerMatch )"] });
    expect(schema.equality("a0")?.name).toBe("integerMatch");
  });
});

describe("object classes", () => {
  it("know their superclasses, each once", () => {
    expect(builtInSchema.superclasses("INETORGPERSON").map(({ names }) => names[0])).toEqual([
      "inetOrgPerson",
      "organizationalPerson",
      "person",
      "top",
    ]);
    expect(builtInSchema.superclasses("nosuch")).toEqual([]);
  });
  it("know their subclasses", () =>
    expect(builtInSchema.subclasses("organizationalPerson").map(({ names }) => names[0])).toEqual([
      "organizationalPerson",
      "inetOrgPerson",
    ]));
  it("that are each other's superclasses are all superclasses", () => {
    const schema = new Schema({ objectClasses: ["( 1.1 NAME 'a' SUP b )", "( 1.2 NAME 'b' SUP a )"] });
    expect(schema.superclasses("a").map(({ names }) => names[0])).toEqual(["a", "b"]);
  });
});

describe("attribute descriptions", () => {
  it("have one key for all spellings", () => {
    for (const description of ["commonName;lang-de;lang-en", "CN;LANG-EN;lang-de", "2.5.4.3;lang-de;lang-en;lang-de"])
      expect(builtInSchema.resolve(description)?.key).toBe("cn;lang-de;lang-en");
    expect(builtInSchema.resolve("member")).toMatchObject({ key: "member", keys: ["member"], options: [] });
    expect(builtInSchema.resolve("distinguishedName;lang-x")?.keys).toContain("member;lang-x");
  });
  it("with an unknown type or option are not recognized", () => {
    for (const description of ["nosuch", "cn;x-foo", "cn;binary", "cn;", "cn;;lang-de", ";lang-de", "", "c n", "cn:"])
      expect(builtInSchema.resolve(description)).toBeUndefined();
    expect(builtInSchema.resolve("userCertificate;binary")?.key).toBe("usercertificate;binary");
  });
  it("are remembered, but not without bound", () => {
    const schema = builtInSchema.extend({});
    for (let i = 0; i < 5000; i++) expect(schema.resolve(`cn;lang-${i}`)?.key).toBe(`cn;lang-${i}`);
    expect(schema.resolve("CN")).toBe(schema.resolve("CN"));
  });
  it("cover those with more options, and language ranges cover their tags", () => {
    expect(hasOptions(["lang-de", "lang-en"], ["lang-de"])).toBe(true);
    expect(hasOptions(["lang-de"], ["lang-de", "lang-en"])).toBe(false);
    expect(hasOptions(["lang-en-us"], ["lang-en-"])).toBe(true);
    expect(hasOptions(["lang-en"], ["lang-en-"])).toBe(true);
    expect(hasOptions(["lang-english"], ["lang-en-"])).toBe(false);
    expect(hasOptions([], [])).toBe(true);
  });
  it("that are malformed are nothing else", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseAttributeDescription(text);
        if (parsed !== undefined) expect(text.toLowerCase().startsWith(parsed.type.toLowerCase())).toBe(true);
      }),
    );
  });
});

it("finds the definitions of all other kinds", () => {
  const schema = builtInSchema.extend({
    nameForms: ["( 1.1 NAME 'uidForm' OC account MUST uid )"],
    dITStructureRules: ["( 1 NAME 'uidRule' FORM uidForm )"],
    dITContentRules: ["( 2.5.6.6 NAME 'personContent' AUX posixAccount NOT title )"],
    matchingRuleUse: ["( 2.5.13.14 NAME 'integerMatch' APPLIES uidNumber )"],
  });
  expect(schema.nameForm("UIDFORM")?.must).toEqual(["uid"]);
  expect(schema.structureRule(1)?.form).toBe("uidForm");
  expect(schema.contentRule("person")?.auxiliary).toEqual(["posixAccount"]);
  expect(schema.matchingRuleUse("integerMatch")?.applies).toEqual(["uidNumber"]);
  expect(schema.matchingRuleDefinition("2.5.13.2")?.names).toEqual(["caseIgnoreMatch"]);
  expect(schema.syntax("1.3.6.1.4.1.1466.115.121.1.27")?.description).toBe("INTEGER");
  expect(["person", "CN", "integerMatch", "uidForm", "nosuch"].map((name) => schema.oidOf(name))).toEqual([
    "2.5.6.6",
    "2.5.4.3",
    "2.5.13.14",
    "1.1",
    undefined,
  ]);
});

it("uses what it can read of a server's schema, and tells what it cannot", () => {
  const schema = new Schema({
    attributeTypes: ["( 2.5.4.3 NAME 'cn' EQUALITY caseIgnoreMatch )", "( broken", "( 2.5.4.4 NAME 'sn' SUP nosuch )"],
  });
  expect(schema.attributeTypes.map(({ name }) => name)).toEqual(["cn", "sn"]);
  expect(schema.problems).toEqual([
    { definition: "( broken", message: "the definition ends too early: it needs a closing parenthesis" },
    { definition: "sn", message: "its supertype nosuch is not in the schema" },
  ]);
});

it("a later definition with the same OID takes the place of an earlier one, names and all", () => {
  const schema = new Schema({ attributeTypes: ["( 1.1 NAME ( 'a' 'b' ) )", "( 1.1 NAME 'c' )"] });
  expect(["a", "b", "c"].map((name) => schema.attribute(name)?.name)).toEqual([undefined, undefined, "c"]);
  expect(schema.definitions.attributeTypes).toEqual(["( 1.1 NAME 'c' )"]);
});

describe("the built-in schemas", () => {
  for (const [name, schema] of Object.entries({ builtInSchema, rfc2307bisSchema })) {
    it(`${name} has no problems, and all that its classes and types name`, () => {
      expect(schema.problems).toEqual([]);
      for (const objectClass of schema.objectClasses) {
        for (const attribute of [...objectClass.must, ...objectClass.may])
          expect(schema.attribute(attribute), `${attribute} of ${objectClass.names[0]}`).toBeDefined();
        for (const superior of objectClass.superiors) expect(schema.objectClass(superior)).toBeDefined();
      }
      for (const type of schema.attributeTypes)
        expect(type.syntax && schema.syntax(type.syntax), `syntax of ${type.name}`).toBeDefined();
    });
  }
  it("let an entry be a groupOfNames and a posixGroup only as rfc2307bis has it", () => {
    expect(builtInSchema.objectClass("posixGroup")?.kind).toBe("STRUCTURAL");
    expect(rfc2307bisSchema.objectClass("posixGroup")).toMatchObject({ kind: "AUXILIARY", must: ["gidNumber"] });
    expect(rfc2307bisSchema.objectClass("groupOfMembers")?.kind).toBe("STRUCTURAL");
    expect(builtInSchema.objectClass("groupOfMembers")).toBeUndefined();
  });
  it("have the types of accounts with the rules that OpenLDAP gives them", () => {
    const rules = (name: string) => {
      const type = builtInSchema.attribute(name);
      return [type?.equality?.name, type?.ordering?.name, type?.substrings?.name];
    };
    expect(rules("uidNumber")).toEqual(["integerMatch", "integerOrderingMatch", undefined]);
    expect(rules("uid")).toEqual(["caseIgnoreMatch", undefined, "caseIgnoreSubstringsMatch"]);
    expect(rules("memberUid")).toEqual(["caseExactIA5Match", undefined, "caseExactIA5SubstringsMatch"]);
    expect(rules("homeDirectory")).toEqual(["caseExactIA5Match", undefined, undefined]);
    expect(rules("gecos")).toEqual(["caseIgnoreIA5Match", undefined, "caseIgnoreIA5SubstringsMatch"]);
    expect(rules("mail")).toEqual(["caseIgnoreIA5Match", undefined, "caseIgnoreIA5SubstringsMatch"]);
    expect(rules("sshPublicKey")).toEqual(["octetStringMatch", undefined, undefined]);
    expect(rules("memberOf")).toEqual(["distinguishedNameMatch", undefined, undefined]);
    expect(builtInSchema.attribute("memberOf")?.isOperational).toBe(true);
  });
});

import { builtInSchema } from "@espalier/ldap";
import { attribute } from "@espalier/ldap/client";
import { describe, expect, it } from "vitest";
import { entryProblems } from "../../src/transfer/entry-rules.ts";

const dn = "uid=ann,ou=people,dc=example,dc=com";
const ann = {
  objectClass: ["inetOrgPerson"],
  uid: ["ann"],
  cn: ["Ann"],
  sn: ["Example"],
};

function problems(changes: Readonly<Record<string, readonly string[]>>, name = dn, isStrict = true): string[] {
  const attributes = Object.entries({ ...ann, ...changes }).filter(([, values]) => values.length > 0);
  return entryProblems(
    name,
    attributes.map(([type, values]) => attribute(type, ...values)),
    { schema: builtInSchema, isStrict },
  );
}

describe("the rules of an entry", () => {
  it("find nothing wrong with one that is right", () => {
    expect(problems({ mail: ["ann@example.com"], "cn;lang-de": ["Anna"], jpegPhoto: ["\u0000"] })).toEqual([]);
  });

  it.each([
    [
      "an attribute that is not known",
      { favouriteTea: ["tea"] },
      "The directory does not know the attribute favouriteTea.",
    ],
    ["a class that is not known", { objectClass: ["wizard"] }, "The directory does not know the object class wizard."],
    ["no class", { objectClass: [] }, "The entry has no objectClass."],
    ["an attribute that is missing", { sn: [] }, "The object classes demand sn."],
    ["an attribute that is not allowed", { uidNumber: ["1"] }, "The object classes do not allow uidNumber."],
    [
      "no structural class",
      { objectClass: ["top"], sn: [], cn: [], uid: ["ann"] },
      "None of the object classes is structural.",
    ],
    [
      "structural classes that exclude each other",
      { objectClass: ["inetOrgPerson", "organizationalUnit"], ou: ["people"] },
      "The object classes inetOrgPerson and organizationalUnit exclude each other.",
    ],
    [
      "a value that is not of its syntax",
      { manager: ["Bob"] },
      "A value of manager is not written as its syntax wants.",
    ],
    [
      "two values of one that has one",
      { preferredLanguage: ["de", "en"] },
      "preferredLanguage has 2 values, and may have one.",
    ],
    ["a value twice", { cn: ["Ann", "ANN"] }, "cn has a value twice."],
    [
      "what the server keeps itself",
      { createTimestamp: ["20260101000000Z"] },
      "createTimestamp is kept by the server itself.",
    ],
    [
      "a name that is not among the values",
      { uid: ["anne"] },
      "The value of uid in the name is not among the attributes.",
    ],
  ])("find %s", (_, changes, sentence) => {
    expect(problems(changes)).toContain(sentence);
  });

  it("find a name that is none", () => {
    expect(problems({}, "ann")).toEqual(["The name is not a DN: expected = behind ann."]);
  });

  it("leave a lenient server the structure and the name", () => {
    expect(
      problems({ uid: [], objectClass: ["inetOrgPerson", "organizationalUnit"], ou: ["people"] }, dn, false),
    ).toEqual([]);
  });

  it("never repeat a value, which may be secret", () => {
    expect(problems({ userPassword: ["geheim", "geheim"], manager: ["geheim"] }).join(" ")).not.toContain("geheim");
  });
});

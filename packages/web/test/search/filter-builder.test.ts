/** The search builder says what its filter says: nothing is lost or changed on the way between rows and text. */
import { formatFilter, parseFilter } from "@espalier/ldap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BuilderGroup,
  type BuilderPart,
  type BuilderRow,
  builderOf,
  conditions,
  filterOf,
  filterOfBuilder,
  maxDepth,
  takesValue,
} from "../../src/screens/search/filter-builder.ts";

const attribute = fc.constantFrom("uid", "cn", "mail", "uidNumber", "cn;lang-de", "2.5.4.3");
const value = fc.string({ unit: "binary", minLength: 1, maxLength: 12 });
const row: fc.Arbitrary<BuilderRow> = fc
  .record({ attribute, condition: fc.constantFrom(...conditions.map((each) => each.value)), value })
  .map((each) => ({ ...each, kind: "row", id: "", value: takesValue(each.condition) ? each.value : "" }));
const match = fc.constantFrom("all" as const, "any" as const, "none" as const);

function group(depth: number): fc.Arbitrary<BuilderGroup> {
  const part: fc.Arbitrary<BuilderPart> =
    depth >= maxDepth ? row : fc.oneof({ weight: 3, arbitrary: row }, group(depth + 1));
  return fc
    .record({ match, parts: fc.array(part, { minLength: 1, maxLength: 3 }) })
    .map((each) => ({ ...each, kind: "group", id: "" }));
}

function withoutIds(part: BuilderPart): BuilderPart {
  return part.kind === "row" ? { ...part, id: "" } : { ...part, id: "", parts: part.parts.map(withoutIds) };
}

function builderOfText(text: string): BuilderGroup | string {
  return builderOf(parseFilter(text));
}

function drawn(text: string): BuilderPart | string {
  const builder = builderOfText(text);
  return typeof builder === "string" ? builder : withoutIds(builder);
}

function rowOf(attribute: string, condition: BuilderRow["condition"], value = ""): BuilderRow {
  return { kind: "row", id: "", attribute, condition, value };
}

describe("the search builder", () => {
  it("comes back as it was from the text of its filter", () => {
    fc.assert(
      fc.property(group(1), (builder) => {
        const filter = filterOfBuilder(builder);
        expect(drawn(formatFilter(filter!))).toEqual(builder);
      }),
      { numRuns: 500 },
    );
  });

  it("gives back the text of every filter that it draws, apart from a group around a single row", () => {
    fc.assert(
      fc.property(group(1), (builder) => {
        const text = formatFilter(filterOf(builder)!);
        const again = builderOfText(text);
        expect(typeof again).toBe("object");
        expect(formatFilter(filterOf(again as BuilderGroup)!)).toBe(text);
      }),
    );
  });

  it("draws each condition as a row", () => {
    const texts = {
      "(uid=ann)": rowOf("uid", "is", "ann"),
      "(!(uid=ann))": rowOf("uid", "isNot", "ann"),
      "(cn=*ann*)": rowOf("cn", "contains", "ann"),
      "(cn=ann*)": rowOf("cn", "beginsWith", "ann"),
      "(cn=*ann)": rowOf("cn", "endsWith", "ann"),
      "(mail=*)": rowOf("mail", "isThere"),
      "(!(mail=*))": rowOf("mail", "isNotThere"),
      "(uidNumber>=1000)": rowOf("uidNumber", "atLeast", "1000"),
      "(uidNumber<=1000)": rowOf("uidNumber", "atMost", "1000"),
      "(cn=\\2a)": rowOf("cn", "is", "*"),
    };
    for (const [text, part] of Object.entries(texts)) {
      expect(drawn(text)).toEqual({ kind: "group", id: "", match: "all", parts: [part] });
    }
  });

  it("draws groups within groups", () => {
    expect(drawn("(&(objectClass=person)(|(uid=a*)(!(|(mail=*)(cn=b)))))")).toEqual({
      ...{ kind: "group", id: "", match: "all" },
      parts: [
        rowOf("objectClass", "is", "person"),
        {
          ...{ kind: "group", id: "", match: "any" },
          parts: [
            rowOf("uid", "beginsWith", "a"),
            { kind: "group", id: "", match: "none", parts: [rowOf("mail", "isThere"), rowOf("cn", "is", "b")] },
          ],
        },
      ],
    });
  });

  it("leaves out rows that are not filled in, and groups of nothing else", () => {
    const parts = [rowOf("", "is"), rowOf("uid", "is", ""), rowOf("mail", "isThere")];
    const inner: BuilderGroup = { kind: "group", id: "", match: "any", parts: [rowOf("cn", "contains", "")] };
    expect(filterOfBuilder({ kind: "group", id: "", match: "all", parts: [...parts, inner] })).toEqual({
      type: "and",
      filters: [{ type: "present", attribute: "mail" }],
    });
    expect(filterOfBuilder({ kind: "group", id: "", match: "any", parts: [inner] })).toBeUndefined();
  });

  it.each([
    ["(cn:caseExactMatch:=Ann)", "It has an extensible match (:=), which names a matching rule."],
    ["(cn~=Ann)", "It has an approximate match (~=)."],
    ["(cn=a*b)", "It has a pattern of several pieces, with * between them."],
    ["(cn=)", "It compares with a value that is empty."],
    ["(cn=\\ff)", "It compares with bytes that are not text."],
    ["(!(&(cn=a)(cn=b)))", "It says “not” of a whole group that is not “any of”."],
    ["(&)", "It has a group of nothing, which is always true or always false."],
    ["(&(&(&(&(&(&(cn=a)))))))", "Its groups are nested more than 5 deep."],
    [`(|${"(cn=a)".repeat(100)})`, "It has more than 100 parts."],
  ])("says why it cannot draw %s", (text, reason) => {
    expect(builderOfText(text)).toBe(reason);
  });
});

/** What a form's save sends: nothing where nothing was changed, and otherwise single values. */
import { attribute, builtInSchema, type Change, type PartialAttribute, Schema } from "@espalier/ldap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Attributes } from "../../src/api/value.ts";
import { attributesJson } from "../../src/api/value.ts";
import { diffAttributes } from "../../src/changes/diff.ts";
import { formChanges } from "../../src/changes/form-changes.ts";

const change = (operation: Change["operation"], type: string, ...values: (string | Uint8Array)[]): Change => ({
  operation,
  modification: attribute(type, ...values),
});

describe("the difference of two readings of an entry", () => {
  const diff = (read: PartialAttribute[], wanted: PartialAttribute[]) => diffAttributes(read, wanted, builtInSchema);

  it("names the values that go and those that come, and no others", () => {
    const read = [attribute("mail", "a@x", "b@x", "c@x"), attribute("sn", "Lee")];
    const wanted = [attribute("mail", "c@x", "a@x", "d@x"), attribute("sn", "Lee")];
    expect(diff(read, wanted)).toEqual([change("delete", "mail", "b@x"), change("add", "mail", "d@x")]);
  });

  it("deletes before it adds, so that a new spelling of a value can take the place of the old one", () => {
    expect(diff([attribute("cn", "Ann")], [attribute("cn", "ann")])).toEqual([
      change("delete", "cn", "Ann"),
      change("add", "cn", "ann"),
    ]);
  });

  it("removes an attribute by naming its values, so that it fails if somebody has added another", () => {
    expect(diff([attribute("title", "Engineer")], [])).toEqual([change("delete", "title", "Engineer")]);
  });

  it("replaces as a whole what has no equality rule, since servers cannot delete single values of it", () => {
    const read = [attribute("jpegPhoto", Uint8Array.of(1), Uint8Array.of(2))];
    expect(diff(read, [attribute("jpegPhoto", Uint8Array.of(2))])).toEqual([
      change("replace", "jpegPhoto", Uint8Array.of(2)),
    ]);
    expect(diff(read, [])).toEqual([change("delete", "jpegPhoto")]);
    expect(diff([], read)).toEqual([change("add", "jpegPhoto", Uint8Array.of(1), Uint8Array.of(2))]);
  });

  it("names single values where the server publishes no rules at all, as Active Directory does", () => {
    const withoutRules = new Schema({
      attributeTypes: ["( 1.2.840.113556.1.4.1 NAME 'member' SYNTAX '1.3.6.1.4.1.1466.115.121.1.12' )"],
    });
    const read = [attribute("member", "cn=a", "cn=b")];
    expect(diffAttributes(read, [attribute("member", "cn=b")], withoutRules)).toEqual([
      change("delete", "member", "cn=a"),
    ]);
  });

  it("takes names, OIDs and orders of options for what they mean, and every other option for an attribute of its own", () => {
    const read = [attribute("CN", "Ann"), attribute("cn;lang-de;x-b", "Anna"), attribute("description;x-a", "1")];
    const wanted = [
      attribute("commonName", "Ann"),
      attribute("2.5.4.3;X-B;lang-DE", "Anna"),
      attribute("description;x-c", "1"),
    ];
    expect(diff(read, wanted)).toEqual([
      change("delete", "description;x-a", "1"),
      change("add", "description;x-c", "1"),
    ]);
  });

  it("compares attributes that the schema does not have byte by byte", () => {
    expect(diff([attribute("acmeThing", "a", "b")], [attribute("acmeThing", "A", "b")])).toEqual([
      change("delete", "acmeThing", "a"),
      change("add", "acmeThing", "A"),
    ]);
  });
});

/** Bytes, text, and text in several spellings, under descriptions with and without options, rules and definitions. */
const value = fc
  .oneof(
    fc.constantFrom("Ann", "ann", "ANN ", "Änn", "a$b", "cn=x", "0", ""),
    fc.string({ unit: "binary", maxLength: 6 }),
  )
  .map((text) => Buffer.from(text));
const bytes = fc.uint8Array({ maxLength: 5 });
const description = fc.constantFrom(
  ...["cn", "cn;lang-de", "cn;lang-de;x-own", "mail", "jpegPhoto", "userCertificate;binary", "member", "acmeThing"],
  ...["acmeThing;x-own", "uidNumber", "postalAddress", "objectClass"],
);
const attributes = fc.uniqueArray(
  fc.record({
    type: description,
    values: fc.uniqueArray(fc.oneof(value, bytes), {
      selector: (each) => Buffer.from(each).toString("latin1"),
      ...{ minLength: 1, maxLength: 4 },
    }),
  }),
  { selector: ({ type }) => type, maxLength: 6 },
);

/** As strict as a server: what is deleted must be there, what is added must not. */
function applied(entry: readonly PartialAttribute[], changes: readonly Change[]): Map<string, string[]> {
  const state = byKey(entry);
  for (const { operation, modification } of changes) {
    const values = modification.values.map(latin);
    const there = state.get(modification.type) ?? [];
    if (operation === "delete" && values.length > 0) {
      expect(there).toEqual(expect.arrayContaining(values));
      state.set(
        modification.type,
        there.filter((each) => !values.includes(each)),
      );
    } else if (operation === "add") {
      expect(there.filter((each) => values.includes(each))).toEqual([]);
      state.set(modification.type, [...there, ...values]);
    } else {
      state.set(modification.type, values);
    }
    if (state.get(modification.type)?.length === 0) state.delete(modification.type);
  }
  return sorted(state);
}

function byKey(entry: readonly PartialAttribute[]): Map<string, string[]> {
  return new Map(entry.map(({ type, values }) => [type, values.map(latin)]));
}

function sorted(state: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  return new Map([...state].map(([type, values]): [string, string[]] => [type, [...values].sort()]).sort());
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

describe("for any two entries", () => {
  it("opening and saving without an edit changes nothing, in whatever order the values come", () => {
    fc.assert(
      fc.property(attributes, (entry) => {
        const shuffled = entry.toReversed().map(({ type, values }) => ({ type, values: values.toReversed() }));
        expect(diffAttributes(entry, shuffled, builtInSchema)).toEqual([]);
        const json = attributesJson(entry);
        expect(formChanges(json, JSON.parse(JSON.stringify(json)) as Attributes, builtInSchema)).toEqual([]);
      }),
    );
  });

  it("the changes make exactly what is wanted of what was read, byte by byte", () => {
    fc.assert(
      fc.property(attributes, attributes, (read, wanted) => {
        expect(applied(read, diffAttributes(read, wanted, builtInSchema))).toEqual(sorted(byKey(wanted)));
      }),
    );
  });

  it("no value is touched that both have, where single values can be", () => {
    fc.assert(
      fc.property(attributes, attributes, (read, wanted) => {
        for (const { operation, modification } of diffAttributes(read, wanted, builtInSchema)) {
          if (modification.type === "jpegPhoto") continue;
          expect(["add", "delete"]).toContain(operation);
          const valuesOf = (entry: readonly PartialAttribute[]) =>
            entry.find(({ type }) => type === modification.type)?.values.map(latin) ?? [];
          const common = valuesOf(read).filter((each) => valuesOf(wanted).includes(each));
          expect(modification.values.map(latin).filter((each) => common.includes(each))).toEqual([]);
        }
      }),
    );
  });
});

describe("hidden values", () => {
  const hidden = { hidden: true, scheme: "SSHA" } as const;

  it("stay as they are while something else is changed", () => {
    const read = { userPassword: [hidden], sn: ["Lee"] };
    expect(formChanges(read, { userPassword: [hidden], sn: ["Lea"] }, builtInSchema)).toEqual([
      change("delete", "sn", "Lee"),
      change("add", "sn", "Lea"),
    ]);
  });

  it("go with their attribute, or all together for another value", () => {
    expect(formChanges({ userPassword: [hidden] }, {}, builtInSchema)).toEqual([change("delete", "userPassword")]);
    expect(formChanges({ userPassword: [hidden, hidden] }, { userPassword: ["{SSHA}x"] }, builtInSchema)).toEqual([
      change("replace", "userPassword", "{SSHA}x"),
    ]);
  });

  it("cannot be removed or added one by one", () => {
    expect(() => formChanges({ userPassword: [hidden, hidden] }, { userPassword: [hidden] }, builtInSchema)).toThrow(
      "Values of userPassword are hidden, so one of them cannot be added or removed: leave them all, or remove them all.",
    );
    expect(() => formChanges({}, { userPassword: [hidden] }, builtInSchema)).toThrow("are hidden");
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { comparedAttributes, FingerprintTable, fingerprint, nameKey } from "../../src/replication/fingerprint.ts";
import { isCompared } from "../../src/replication/local-attributes.ts";

const anyEntry = fc.record({
  objectName: fc.string(),
  attributes: fc.uniqueArray(
    fc.record({
      type: fc.stringMatching(/^[a-z]{1,8}(;[a-z]{1,3}){0,2}$/),
      values: fc.uniqueArray(fc.uint8Array({ maxLength: 8 }), {
        selector: (value) => Buffer.from(value).toString("hex"),
      }),
    }),
    { selector: ({ type }) => comparedName(type) },
  ),
});

function comparedName(type: string): string {
  return comparedAttributes([{ type, values: [new Uint8Array()] }])[0]?.name ?? "";
}

/** What it stands for, in one spelling. */
function meaning({
  objectName,
  attributes,
}: {
  objectName: string;
  attributes: { type: string; values: Uint8Array[] }[];
}) {
  const all = attributes
    .filter(({ type, values }) => values.length > 0 && isCompared(type))
    .map(({ type, values }) => [comparedName(type), values.map((value) => Buffer.from(value).toString("hex")).sort()])
    .sort();
  return JSON.stringify([objectName.toLowerCase(), all]);
}

describe("the fingerprint of an entry", () => {
  it("is the same in whatever order attributes, options and values come, and however types are spelt", () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        const attributes = entry.attributes.toReversed().map(({ type, values }) => {
          const [name = "", ...options] = type.split(";");
          return { type: [name.toUpperCase(), ...options.toReversed()].join(";"), values: values.toReversed() };
        });
        expect(fingerprint({ objectName: entry.objectName.toUpperCase().toLowerCase(), attributes })).toEqual(
          fingerprint({ ...entry, objectName: entry.objectName.toUpperCase() }),
        );
      }),
    );
  });

  it("is another one for another entry", () => {
    fc.assert(
      fc.property(anyEntry, anyEntry, (one, other) => {
        expect(fingerprint(one).equals(fingerprint(other))).toBe(meaning(one) === meaning(other));
      }),
    );
  });

  it("keeps one value apart from two that look like it together", () => {
    const bytes = (text: string) => new TextEncoder().encode(text);
    const of = (...values: string[]) =>
      fingerprint({ objectName: "", attributes: [{ type: "cn", values: values.map(bytes) }] });
    expect(of("ab").equals(of("a", "b"))).toBe(false);
  });
});

describe("the table of fingerprints", () => {
  it("knows each name, and which were seen, as a map does", () => {
    const names = fc.array(fc.integer({ min: 0, max: 2_000 }).map(String), { maxLength: 3_000 });
    fc.assert(
      fc.property(names, names, (stored, seen) => {
        const table = new FingerprintTable();
        const value = (name: string, round: number) => nameKey(`${name} ${round}`).subarray(0, 8);
        const model = new Map<string, { round: number; isSeen: boolean }>();
        for (const [round, name] of stored.entries()) {
          table.set(nameKey(name), value(name, round));
          model.set(name, { round, isSeen: false });
        }
        expect(table.count).toBe(model.size);
        for (const [index, name] of seen.entries()) {
          const known = model.get(name);
          const round = index % 2 === 0 ? (known?.round ?? 0) : -1;
          const expected = known === undefined ? "missing" : round === known.round ? "same" : "different";
          expect(table.see(nameKey(name), value(name, round))).toBe(expected);
          if (known !== undefined) known.isSeen = true;
        }
        const unseen = [...model].filter(([, { isSeen }]) => !isSeen).map(([name]) => name);
        expect(table.unseenCount).toBe(unseen.length);
        expect([...model.keys()].filter((name) => table.isUnseen(nameKey(name)))).toEqual(unseen);
        table.unmark();
        expect(table.unseenCount).toBe(model.size);
      }),
      { numRuns: 30 },
    );
  });
});

import { tmpdir } from "node:os";
import { builtInSchema, formatDn, parentDn, parseDn } from "@espalier/ldap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ExportedEntry, parentsFirst } from "../../src/transfer/parents-first.ts";

const base = "dc=example,dc=com";
const attributes = [{ type: "description", values: [new TextEncoder().encode("ä; \n")] }];

function above(dn: string): string {
  return formatDn(parentDn(parseDn(dn)) ?? []);
}

async function ordered(entries: readonly ExportedEntry[], maxHeldBytes = 1_000_000): Promise<ExportedEntry[]> {
  const names = new Set(entries.map(({ dn }) => dn));
  const options = {
    ...{ base, schema: builtInSchema, spoolDirectory: tmpdir(), maxHeldBytes },
    givesParentOf: async (dn: string) => names.has(above(dn)),
  };
  const source = (async function* () {
    yield* entries;
  })();
  const given: ExportedEntry[] = [];
  for await (const entry of parentsFirst(source, options)) given.push(entry);
  return given;
}

/** Trees in any order; some entries are missing, as a filter has it, and some servers say what is a leaf. */
const anyTree = fc
  .array(fc.nat({ max: 1_000 }), { maxLength: 40 })
  .map((parents) => {
    const names = [base];
    for (const [index, parent] of parents.entries()) names.push(`ou=n${index},${names[parent % names.length]}`);
    return names;
  })
  .chain((names) =>
    fc.tuple(fc.shuffledSubarray(names), fc.boolean()).map(([given, tellsLeaves]) =>
      given.map((dn): ExportedEntry => {
        const isLeaf = tellsLeaves ? !names.some((other) => above(other) === dn) : undefined;
        return { dn, attributes, isLeaf };
      }),
    ),
  );

describe("entries with those above them first", () => {
  it("are all there, as they were, and none before the one above it", async () => {
    await fc.assert(
      fc.asyncProperty(anyTree, async (entries) => {
        const given = await ordered(entries);
        const byName = (one: ExportedEntry, other: ExportedEntry) => (one.dn < other.dn ? -1 : 1);
        const content = (list: readonly ExportedEntry[]) =>
          list.toSorted(byName).map(({ dn, attributes: [first] }) => [dn, first?.type, [...(first?.values[0] ?? [])]]);
        expect(content(given)).toEqual(content(entries));
        const places = new Map(given.map(({ dn }, index) => [dn, index]));
        for (const [dn, place] of places) expect(places.get(above(dn)) ?? -1).toBeLessThan(place);
      }),
    );
  });

  it("are given at once where the one above them is not part of the export", async () => {
    const entry = { dn: `uid=ann,ou=people,${base}`, attributes, isLeaf: undefined };
    const seen: string[] = [];
    const source = (async function* () {
      yield entry;
      seen.push("asked for another");
    })();
    const options = { base, schema: builtInSchema, spoolDirectory: tmpdir(), maxHeldBytes: 0 };
    for await (const { dn } of parentsFirst(source, { ...options, givesParentOf: async () => false })) seen.push(dn);
    expect(seen).toEqual([entry.dn, "asked for another"]);
  });

  it("are refused beyond what may wait on disk", async () => {
    const entry = { dn: `ou=b,ou=a,${base}`, attributes, isLeaf: undefined };
    const later = { dn: `ou=a,${base}`, attributes, isLeaf: undefined };
    await expect(ordered([entry, later], 10)).rejects.toMatchObject({ code: "too_large" });
  });
});

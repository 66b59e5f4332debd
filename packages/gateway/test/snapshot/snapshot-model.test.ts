/** Indexes, order and memory of the snapshot against the plainest model there is, under random changes. */
import { normalizeDn, rfc2307bisSchema } from "@espalier/ldap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entry } from "../../src/snapshot/entry.ts";
import { EqualityIndex } from "../../src/snapshot/equality-index.ts";
import { OrderedSet } from "../../src/snapshot/ordered-set.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import { sortInSlices } from "../../src/snapshot/sort-in-slices.ts";
import type { EntryContent } from "../../src/tree/entry-content.ts";
import { listEntries, listIndexes } from "../support/entry-list.ts";

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

describe("an ordered set", () => {
  it("is what sorting its items gives, and an array that was read stays as it was", async () => {
    const step = fc.tuple(
      fc.constantFrom("toggle", "toggle", "toggle", "read", "settle", "position"),
      fc.integer({ min: 0, max: 30 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const set = new OrderedSet<number>((a, b) => a - b);
        const model = new Set<number>();
        const read: { items: readonly number[]; copy: number[] }[] = [];
        const sorted = () => [...model].sort((a, b) => a - b);
        for (const [kind, item] of steps) {
          if (kind === "toggle" && model.delete(item)) set.delete(item);
          else if (kind === "toggle") {
            model.add(item);
            set.add(item);
          } else if (kind === "settle") await set.settle();
          else if (kind === "position")
            expect(set.position((other) => other < item)).toBe(sorted().filter((other) => other < item).length);
          else read.push({ items: set.items(), copy: [...set.items()] });
          if (kind === "read") expect(set.items()).toEqual(sorted());
        }
        expect(set.items()).toEqual(sorted());
        for (const { items, copy } of read) expect(items).toEqual(copy);
      }),
      { numRuns: 300 },
    );
  });

  it("loses nothing that is read or changed while it is settled", async () => {
    const set = new OrderedSet<number>((a, b) => a - b);
    for (let i = 10_000; i > 0; i--) set.add(i);
    const settled = set.settle();
    set.add(0);
    set.delete(5_000);
    expect(set.items()).toHaveLength(10_000);
    await settled;
    expect(set.items()).toHaveLength(10_000);
    expect(set.items().slice(0, 2)).toEqual([0, 1]);
    expect(set.items()).not.toContain(5_000);
  });
});

describe("an equality index", () => {
  it("gives the entries that hold a value, and its values in order", () => {
    const entries = ["a", "b", "c"].map((key) => ({ key }) as Entry);
    const change = fc.tuple(fc.boolean(), fc.constantFrom("x", "y", "z"), fc.constantFrom(...entries));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const index = new EqualityIndex(compareText);
        const model = new Map<string, Set<Entry>>([...["x", "y", "z"]].map((value) => [value, new Set()]));
        for (const [isAdded, value, entry] of changes) {
          if (isAdded) index.add(value, entry);
          else index.remove(value, entry);
          if (isAdded) model.get(value)!.add(entry);
          else model.get(value)!.delete(entry);
        }
        for (const [value, held] of model) {
          expect(index.entries(value).sort((a, b) => compareText(a.key, b.key))).toEqual(
            [...held].sort((a, b) => compareText(a.key, b.key)),
          );
          expect(index.count(value)).toBe(held.size);
        }
        expect(index.ordered!.items()).toEqual([...model].filter(([, held]) => held.size > 0).map(([value]) => value));
      }),
    );
  });
});

describe("sorting in slices", () => {
  it("sorts as Array.sort does, stable, also beyond a slice", async () => {
    for (const length of [0, 1, 2, 4095, 4096, 4097, 20_000]) {
      const items = Array.from({ length }, (_, i) => ({ key: (i * 7919) % 1009, i }));
      const compare = (a: { key: number }, b: { key: number }) => a.key - b.key;
      expect(await sortInSlices(items, compare)).toEqual([...items].sort(compare));
    }
  });
});

const base = "dc=example,dc=com";
/** Spelt in several ways, but no two of one entry are equal by the attribute's rule. */
const commonNames = [["ann", "Ann", "ANN "], ["bob", "Bob"], ["zoë"], ["x,y"]].map((each) => fc.constantFrom(...each));
const groupDns = [[`cn=a,${base}`, `CN=A, ${base}`], [`cn=b,${base}`]].map((each) => fc.constantFrom(...each));
const some = (values: readonly fc.Arbitrary<string>[], minLength: number) =>
  fc
    .tuple(
      fc.tuple(...values),
      fc.subarray(
        values.map((_, i) => i),
        { minLength },
      ),
    )
    .map(([all, chosen]) => chosen.map((i) => all[i]!));
const contents: fc.Arbitrary<EntryContent> = fc
  .record({
    name: fc.constantFrom("ann", "bob", "cid", "dan", "eve", "fay"),
    cn: some(commonNames, 1),
    uidNumber: fc.constantFrom("5", "10", "007", "x"),
    padding: fc.constantFrom(0, 10, 1000, 200_000),
    memberOf: some(groupDns, 0),
  })
  .map(({ name, cn, uidNumber, padding, memberOf }) => ({
    dn: `uid=${name},${base}`,
    attributes: [
      ["objectClass", ["top"]],
      ["cn", cn],
      ["uidNumber", [uidNumber]],
      ["description", ["x".repeat(padding)]],
    ],
    operational: memberOf.length > 0 ? [["memberOf", memberOf]] : [],
  }));

describe("a snapshot", () => {
  it("is at any time what a new one with the same entries is", async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: contents.map((content) => ({ content })) },
      { weight: 2, arbitrary: fc.constantFrom("ann", "bob", "cid", "dan", "eve").map((remove) => ({ remove })) },
      { weight: 1, arbitrary: fc.constant({ compact: true }) },
      { weight: 1, arbitrary: fc.constant({ look: true }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const snapshot = new Snapshot(rfc2307bisSchema);
        const model = new Map<string, EntryContent>();
        const top = { dn: base, attributes: [["objectClass", ["top"]]], operational: [] } satisfies EntryContent;
        const root = snapshot.put(top, undefined);
        const key = (name: string) => normalizeDn(`uid=${name},${base}`, rfc2307bisSchema);
        for (const each of steps) {
          if ("content" in each) {
            snapshot.put(each.content, root);
            model.set(each.content.dn, each.content);
          } else if ("remove" in each) {
            const entry = snapshot.get(key(each.remove));
            if (entry) snapshot.remove(entry);
            model.delete(`uid=${each.remove},${base}`);
          } else if ("compact" in each) await snapshot.compact();
          else snapshot.entries();
        }
        const fresh = new Snapshot(rfc2307bisSchema);
        for (const content of [top, ...model.values()]) fresh.put(content, undefined);
        expect(listEntries(snapshot)).toEqual(listEntries(fresh));
        expect(listIndexes(snapshot, listEntries(fresh))).toEqual(listIndexes(fresh, listEntries(fresh)));
        for (const index of ["uidnumber", "cn"]) {
          expect(snapshot.index(index)!.ordered!.items()).toEqual(fresh.index(index)!.ordered!.items());
        }
      }),
      { numRuns: 150 },
    );
  });

  it("keeps no memory of what was replaced, large and small entries changing side by side", async () => {
    const snapshot = new Snapshot(rfc2307bisSchema);
    const put = (name: string, octets: number) =>
      snapshot.put(
        {
          dn: `cn=${name},${base}`,
          attributes: [
            ["cn", [name]],
            ["description", ["x".repeat(octets)]],
          ],
          operational: [],
        },
        undefined,
      );
    for (let i = 0; i < 2_000; i++) put(`small${i}`, 500);
    for (let round = 0; round < 60; round++) {
      put("large", 1_500_000);
      put(`small${round}`, 500);
      await snapshot.compact();
    }
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 2_000; i++) put(`small${i}`, 510);
      await snapshot.compact();
    }
    expect(snapshot.octets).toBeLessThan(8 * 1024 * 1024);
  });

  it("has no index on an attribute that has subtypes, which one index alone could not answer for", () => {
    const snapshot = new Snapshot(rfc2307bisSchema);
    for (const type of rfc2307bisSchema.attributeTypes) {
      if (snapshot.index(type.key)) expect(rfc2307bisSchema.subtypes(type)).toEqual([type]);
    }
  });
});

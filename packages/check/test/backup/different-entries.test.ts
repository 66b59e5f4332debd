import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { differentEntries } from "../../src/backup/scratch/different-entries.ts";

type Entries = ReadonlyMap<string, string>;

const ldif = (entries: Entries) =>
  async function* () {
    for (const [name, mail] of entries)
      yield Buffer.from(`dn: uid=${name},dc=example\nuid: ${name}\nmail: ${mail}\n\n`);
  };
const differences = (before: Entries, after: Entries) => differentEntries(ldif(before), ldif(after));
const directory = fc
  .dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.constantFrom("a@x", "b@x"), { maxKeys: 5 })
  .map((entries) => new Map(Object.entries(entries)));

describe("entries that came out differently", () => {
  it("are named: missing ones, new ones, and those with other values", async () => {
    const before = new Map([
      ["ann", "a@x"],
      ["bob", "b@x"],
      ["cid", "c@x"],
    ]);
    const after = new Map([
      ["dan", "d@x"],
      ["cid", "c@x"],
      ["ann", "secret@x"],
    ]);
    expect(await differences(before, after)).toEqual([
      "uid=ann,dc=example has other values of mail",
      "uid=bob,dc=example is missing",
      "uid=dan,dc=example was not there before",
    ]);
  });

  it("are the first five where there are many", async () => {
    const many = new Map(Array.from({ length: 300 }, (_, number) => [`user${number}`, "a@x"]));
    expect(await differences(many, new Map())).toHaveLength(5);
  });

  it("are each named once, and none else, in whatever order they come", async () => {
    await fc.assert(
      fc.asyncProperty(directory, directory, async (before, after) => {
        const names = [...new Set([...before.keys(), ...after.keys()])];
        const different = names.filter((name) => before.get(name) !== after.get(name)).sort();
        const reversed = new Map([...after].reverse());
        const found = (await differences(before, reversed)).map((sentence) => /^uid=([a-z]+),/.exec(sentence)?.[1]);
        expect(found.slice().sort()).toEqual(different.length <= 5 ? different : expect.any(Array));
        expect(found).toHaveLength(Math.min(different.length, 5));
      }),
      { numRuns: 30 },
    );
  });
});

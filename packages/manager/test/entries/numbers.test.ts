import { setImmediate as turn } from "node:timers/promises";
import { dumpTables, forEachDatabase } from "@espalier/tests/lab";
import fc from "fast-check";
import { expect, it } from "vitest";
import { NumberAllocator, numberMigrations, type UsedNumbers } from "../../src/entries/number-allocator.ts";
import { openTestStore } from "./databases.ts";

/** A directory that others change too. */
class Numbers implements UsedNumbers {
  readonly cluster = "main";
  readonly attribute = "uidNumber";
  readonly first = 2000;
  readonly values: Set<number>;
  searches = 0;
  constructor(values: Iterable<number> = []) {
    this.values = new Set(values);
  }
  async highest(counts: (value: number) => boolean): Promise<number | undefined> {
    this.searches += 1;
    await turn();
    const counted = [...this.values].filter(counts);
    return counted.length === 0 ? undefined : Math.max(...counted);
  }
  async isUsed(value: number): Promise<boolean> {
    await turn();
    return this.values.has(value);
  }
}

forEachDatabase((databases) => {
  const allocators = async (count: number) => {
    const url = await databases.create();
    const opened: NumberAllocator[] = [];
    while (opened.length < count) opened.push(new NumberAllocator(await openTestStore(url, numberMigrations)));
    return opened;
  };

  it("gives each number once, whoever asks on whichever node, and none that the directory has", async () => {
    const nodes = await allocators(2);
    const directory = new Numbers([2000, 2025, 2040, 100, 65_534]);
    const given = await Promise.all(Array.from({ length: 60 }, (_, index) => nodes[index % 2]!.take(directory)));
    expect(given.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, index) => 2041 + index));
  });

  it("gives no number again when its user is gone, and searches the directory once", async () => {
    const [node, other] = await allocators(2);
    const directory = new Numbers([2009]);
    const first = await node!.take(directory);
    directory.values.clear();
    expect([first, await node!.take(directory), await other!.take(directory)]).toEqual([2010, 2011, 2012]);
    expect(directory.searches).toBe(1);
  });

  it("begins behind what was noted, which does not stand for a search of the directory", async () => {
    const [node] = await allocators(1);
    const directory = new Numbers([9000]);
    await node!.note(directory, 5000);
    expect(await node!.take(directory)).toBe(9001);
    await node!.note(directory, 9500);
    await node!.note(directory, 9200);
    await node!.note(directory, 100);
    expect(await node!.take(directory)).toBe(9501);
  });

  it("shows the numbers that it would give without giving them", async () => {
    const [node] = await allocators(1);
    const directory = new Numbers([2001]);
    expect(await node!.peek(directory, 3)).toEqual([2002, 2003, 2004]);
    expect(await node!.peek(directory, 1)).toEqual([2002]);
    expect(await node!.take(directory)).toBe(2002);
    directory.values.add(2003);
    expect(await node!.peek(directory, 2)).toEqual([2004, 2005]);
  });

  it("passes over nobody and the numbers that 16 bits cannot have", async () => {
    const [node] = await allocators(1);
    const directory = new Numbers([65_532, 65_534]);
    expect(await node!.peek(directory, 2)).toEqual([65_533, 65_536]);
    expect([await node!.take(directory), await node!.take(directory)]).toEqual([65_533, 65_536]);
  });

  it("says that there are none left", async () => {
    const [node] = await allocators(1);
    const directory = new Numbers([2 ** 31 - 2]);
    expect(await node!.take(directory)).toBe(2 ** 31 - 1);
    await expect(node!.take(directory)).rejects.toMatchObject({ code: "refused_by_directory" });
  });

  it("never gives a number twice, whatever others add, delete and note meanwhile", async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ type: fc.constant("take" as const), node: fc.nat(1) }) },
      fc.record({ type: fc.constant("add" as const), value: fc.integer({ min: 2000, max: 2060 }) }),
      fc.record({ type: fc.constant("remove" as const), value: fc.integer({ min: 2000, max: 2060 }) }),
      fc.record({ type: fc.constant("note" as const), value: fc.integer({ min: 1990, max: 2060 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 8 }), { maxLength: 6 }), async (rounds) => {
        const nodes = await allocators(2);
        const directory = new Numbers();
        const given: number[] = [];
        for (const round of rounds) {
          await Promise.all(
            round.map(async (each) => {
              switch (each.type) {
                case "take": {
                  const value = await nodes[each.node]!.take(directory);
                  given.push(value);
                  directory.values.add(value);
                  return;
                }
                case "add":
                  // A value that was given belongs to its owner, who is not replaced.
                  return void directory.values.add(each.value);
                case "remove":
                  return void directory.values.delete(each.value);
                case "note":
                  return nodes[0]!.note(directory, each.value);
              }
            }),
          );
        }
        expect(new Set(given).size).toBe(given.length);
        expect(given.every((value) => value >= 2000)).toBe(true);
      }),
      { numRuns: databases.kind === "sqlite" ? 15 : 8 },
    );
  });

  it(`its table is that of schema/numbers.${databases.kind}.sql`, async () => {
    const url = await databases.create();
    await openTestStore(url, numberMigrations);
    await expect(await dumpTables(url, ["manager_numbers"])).toMatchFileSnapshot(
      `../../schema/numbers.${databases.kind}.sql`,
    );
  });
});

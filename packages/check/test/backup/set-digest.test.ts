import fc from "fast-check";
import { expect, it } from "vitest";
import { SetDigest, type Tally } from "../../src/backup/set-digest.ts";

function tallyOf(things: readonly Uint8Array[]): Tally {
  const digest = new SetDigest();
  for (const thing of things) digest.add(thing);
  return digest.tally;
}

const things = fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 20 });
const sorted = (bytes: readonly Uint8Array[]) => bytes.map((each) => Buffer.from(each).toString("hex")).sort();

it("is the same in whatever order things come", () => {
  const shuffled = things.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
  );
  fc.assert(
    fc.property(shuffled, ([one, other]) => {
      expect(tallyOf(other)).toEqual(tallyOf(one));
    }),
  );
});

it("differs where one thing more, less or other is there, also one that is there twice", () => {
  fc.assert(
    fc.property(things, things, (one, other) => {
      const isSame = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
      expect(JSON.stringify(tallyOf(one)) === JSON.stringify(tallyOf(other))).toBe(isSame);
    }),
  );
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ConflictAttribute, firstChoices, resolutionOf, toggled } from "../../src/screens/entry/conflict.ts";

const mail: ConflictAttribute = {
  ...{ name: "mail", read: ["a@x", "b@x"], yours: ["a@x", "mine@x"], theirs: ["a@x", "b@x", "theirs@x"] },
};

describe("a conflict", () => {
  it.each<[string, Omit<ConflictAttribute, "name">, readonly string[] | undefined]>([
    ["only they have changed", { read: ["1"], yours: ["1"], theirs: ["2"] }, ["2"]],
    ["only I have changed", { read: ["1"], yours: ["2"], theirs: ["1"] }, ["2"]],
    ["both have changed to the same", { read: ["1", "2"], yours: ["2"], theirs: ["2"] }, ["2"]],
    ["both have changed", { read: ["1"], yours: ["2"], theirs: ["3"] }, undefined],
    ["has other values in another order", { read: ["1", "2"], yours: ["2", "1"], theirs: ["3"] }, ["3"]],
    ["I have removed and they have changed", { read: ["1"], yours: [], theirs: ["3"] }, undefined],
    ["is not known as it was read", { yours: ["1"], theirs: ["2"] }, undefined],
  ])("what %s is decided, or not, by that", (_name, attribute, chosen) => {
    expect(firstChoices([{ name: "sn", ...attribute }])).toEqual({ sn: chosen });
  });

  it("values are taken one by one, and of an attribute with one value one takes the other's place", () => {
    const chosen = ["theirs@x", "a@x", "theirs@x"].reduce<ReturnType<typeof toggled>>(
      (before, value) => toggled(before, value, false),
      undefined,
    );
    expect(chosen).toEqual(["a@x"]);
    expect(toggled(["theirs"], "mine", true)).toEqual(["mine"]);
    expect(toggled(["mine"], "mine", true)).toEqual([]);
  });

  it("is sent once all is decided, as a change of what is there", () => {
    const gone: ConflictAttribute = { name: "title", read: ["Boss"], yours: [], theirs: ["Chief"] };
    expect(resolutionOf([mail, gone], { mail: ["a@x"], title: undefined })).toBeUndefined();
    expect(resolutionOf([mail, gone], { mail: ["a@x", "mine@x"], title: [] })).toEqual({
      read: { mail: ["a@x", "b@x", "theirs@x"], title: ["Chief"] },
      wanted: { mail: ["a@x", "mine@x"] },
    });
  });

  it("what nobody else has changed is never lost, and what both have is never decided by itself", () => {
    const values = fc.uniqueArray(fc.constantFrom("1", "2", "3"));
    fc.assert(
      fc.property(values, values, values, (read, yours, theirs) => {
        const { sn } = firstChoices([{ name: "sn", read, yours, theirs }]);
        const same = (one: readonly unknown[], other: readonly unknown[]) =>
          JSON.stringify([...one].sort()) === JSON.stringify([...other].sort());
        if (same(theirs, read)) expect(same(sn ?? ["?"], yours)).toBe(true);
        else if (!same(yours, read) && !same(yours, theirs)) expect(sn).toBeUndefined();
        else expect(same(sn ?? ["?"], theirs)).toBe(true);
      }),
    );
  });
});

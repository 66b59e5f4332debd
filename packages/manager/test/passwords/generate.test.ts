import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generatePassword } from "../../src/passwords/generate.ts";

describe("a generated password", () => {
  it("has at least 23 characters or what is asked for, of every kind, none that is mistaken for another", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), (minLength) => {
        const password = generatePassword({ minLength });
        expect(password.length).toBe(Math.max(23, minLength));
        expect(password).toMatch(/^[a-km-np-zA-HJ-NP-Z2-9-]+$/);
        for (const kind of [/[a-z]/, /[A-Z]/, /[2-9]/, /-/]) expect(password).toMatch(kind);
        expect(password).not.toMatch(/^-|-$|--/);
      }),
    );
  });

  it("is no longer than a policy allows, and still of every kind where that can be", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 40 }), (maxLength, minLength) => {
        const password = generatePassword({ minLength, maxLength });
        expect(password.length).toBe(Math.min(maxLength, Math.max(23, minLength)));
        if (maxLength >= 3) for (const kind of [/[a-z]/, /[A-Z]/, /[2-9]/]) expect(password).toMatch(kind);
      }),
    );
  });

  it("is drawn again as a whole while a kind is missing", () => {
    const numbers = [...Array<number>(20).fill(0), ...Array<number>(18).fill(0), 24, 55];
    const random = () => numbers.shift() ?? 0;
    expect(generatePassword({ random })).toBe("aaaaa-aaaaa-aaaaa-aaaA9");
    expect(numbers).toEqual([]);
  });

  it("comes in groups of five", () => {
    expect(
      generatePassword()
        .split("-")
        .map(({ length }) => length),
    ).toEqual([5, 5, 5, 5]);
  });

  it("uses each character about as often as the others", () => {
    const counts = new Map<string, number>();
    const total = 4_000;
    for (let drawn = 0; drawn < total; drawn += 1) {
      for (const character of generatePassword().replaceAll("-", ""))
        counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    expect(counts.size).toBe(56);
    const expected = (total * 20) / 56;
    // Five times the standard deviation; the demand for a digit makes digits a little more likely.
    const most = 5 * Math.sqrt(expected) + 0.1 * expected;
    for (const count of counts.values()) expect(Math.abs(count - expected)).toBeLessThan(most);
  });

  it("never comes twice", () => {
    expect(new Set(Array.from({ length: 10_000 }, () => generatePassword())).size).toBe(10_000);
  });
});

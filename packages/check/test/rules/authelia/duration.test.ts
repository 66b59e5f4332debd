import fc from "fast-check";
import { expect, test } from "vitest";
import { describeDuration, parseAutheliaDuration } from "../../../src/rules/authelia/duration.ts";

const day = 86_400_000;

test.each([
  ["3600", 3_600_000],
  ["-1", -1_000],
  ["1m", 60_000],
  ["1M", 30 * day],
  ["1y", 365 * day],
  ["1w2d", 9 * day],
  ["1h30m", 5_400_000],
  ["1 hour and 30 minutes", 5_400_000],
  ["2 months", 60 * day],
  ["500ms", 500],
  ["1 Month", 30 * day],
])("%s is %i ms", (text, ms) => {
  expect(parseAutheliaDuration(text)).toBe(ms);
});

test.each(["", "M", "1q", "1h x", "x1h", "1.5h", "1h-"])("%j is none", (text) => {
  expect(parseAutheliaDuration(text)).toBeUndefined();
});

test.each([
  [30 * day, "30 days"],
  [day, "1 day"],
  [90_000, "90 seconds"],
  [5_400_000, "90 minutes"],
  [1_500, "1500 milliseconds"],
])("%i ms is told as %s", (ms, text) => {
  expect(describeDuration(ms)).toBe(text);
});

test("a sum of units is what its parts are together, and whatever else is read is a number or nothing", () => {
  const part = fc.tuple(fc.integer({ min: 0, max: 99 }), fc.constantFrom("s", "m", "h", "d", "w", "M", "y"));
  fc.assert(
    fc.property(fc.array(part, { minLength: 1 }), fc.constantFrom("", " ", " and "), (parts, between) => {
      const sum = parts.reduce((total, [count, unit]) => total + parseAutheliaDuration(`${count}${unit}`)!, 0);
      expect(parseAutheliaDuration(parts.map(([count, unit]) => `${count}${unit}`).join(between))).toBe(sum);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => ["number", "undefined"].includes(typeof parseAutheliaDuration(text))));
});

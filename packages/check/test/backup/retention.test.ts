import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expiredBackups } from "../../src/backup/retention.ts";

/** At two in the morning, for so many days from New Year's Day 2026 on. */
function daily(days: number): string[] {
  return Array.from({ length: days }, (_, day) => nameOf(Date.UTC(2026, 0, 1 + day, 2)));
}

function nameOf(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replaceAll(":", "")}Z`;
}

describe("retention", () => {
  it("keeps the last of each of the last days, weeks and months", () => {
    const names = daily(100);
    const expired = new Set(expiredBackups(names, { daily: 3, weekly: 2, monthly: 3 }));
    expect(names.filter((name) => !expired.has(name)).map((name) => name.slice(0, 10))).toEqual([
      "2026-02-28", // the last of February
      "2026-03-31", // the last of March
      "2026-04-05", // the Sunday before
      "2026-04-08",
      "2026-04-09",
      "2026-04-10", // the newest: of its day, week and month
    ]);
  });

  it("of several on a day keeps the last", () => {
    const names = ["2026-01-15T020000Z", "2026-01-15T020000Z-2", "2026-01-15T140000Z"];
    expect(expiredBackups(names, { daily: 7, weekly: 0, monthly: 0 })).toEqual(names.slice(0, 2));
  });

  it("keeps the newest, whatever it is told", () => {
    const times = fc.uniqueArray(fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2030, 0) }), {
      minLength: 1,
      maxLength: 50,
    });
    const count = fc.integer({ min: 0, max: 5 });
    const keep = fc.record({ daily: count, weekly: count, monthly: count });
    fc.assert(
      fc.property(times, keep, (all, rules) => {
        const names = [...new Set(all.map(nameOf))].sort();
        const expired = expiredBackups(names, rules);
        expect(expired).not.toContain(names.at(-1));
        expect(names.length - expired.length).toBeLessThanOrEqual(1 + rules.daily + rules.weekly + rules.monthly);
        expect(names.length - expired.length).toBeGreaterThanOrEqual(Math.min(names.length, 1));
        // What is kept is kept the next time as well.
        const kept = names.filter((name) => !expired.includes(name));
        expect(expiredBackups(kept, rules)).toEqual([]);
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endOfQuiet, isQuiet, type QuietHours } from "../../src/routes/quiet-hours.ts";
import { isTimeZone, nextTimeOfDay, wallClock } from "../../src/routes/wall-clock.ts";

const minuteMs = 60_000;
const at = (text: string) => Date.parse(text);
const iso = (moment: number) => new Date(moment).toISOString();
const everyDay = [0, 1, 2, 3, 4, 5, 6];
const night = (timeZone: string): QuietHours => ({ from: 22 * 60, to: 7 * 60, timeZone, days: everyDay, except: [] });

/** Half and whole hours of difference, changes in both hemispheres, one of half an hour, and a day that was left out. */
const timeZone = fc.constantFrom(
  ...["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago"],
  ...["Pacific/Apia", "Africa/Casablanca", "America/St_Johns"],
);
const moment = fc.integer({ min: at("2011-12-01T00:00Z"), max: at("2030-01-01T00:00Z") });
/** Within two days of a change of the clocks somewhere. */
const changes = [
  "2026-03-29T01:00Z",
  "2026-10-25T01:00Z",
  "2026-03-08T07:00Z",
  "2026-11-01T06:00Z",
  "2026-04-04T15:00Z",
];
const momentOfChange = fc
  .tuple(fc.constantFrom(...changes, "2011-12-30T10:00Z"), fc.integer({ min: -2_880, max: 2_880 }))
  .map(([change, minutes]) => at(change) + minutes * minuteMs);
const anyMoment = fc.oneof(moment, momentOfChange);

const quietHours = fc
  .record({
    from: fc.integer({ min: 0, max: 1_439 }),
    to: fc.integer({ min: 0, max: 1_439 }),
    timeZone,
    days: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 7 }),
    except: fc.constant([]),
  })
  .filter(({ from, to, days }) => from !== to || days.length < 7);

describe("quiet hours", () => {
  it.each([
    ["begin on the minute", "2026-01-10T21:00:00Z", "2026-01-11T06:00:00Z"],
    ["last over midnight", "2026-01-10T23:30:00Z", "2026-01-11T06:00:00Z"],
    ["end on the minute", "2026-01-11T05:59:59.999Z", "2026-01-11T06:00:00Z"],
    ["are over then", "2026-01-11T06:00:00Z", "2026-01-11T06:00:00Z"],
    ["are an hour shorter when the clocks are put forward", "2026-03-28T21:30:00Z", "2026-03-29T05:00:00Z"],
    ["are an hour longer when they are put back", "2026-10-24T21:30:00Z", "2026-10-25T06:00:00Z"],
  ])("%s", (_, from, end) => {
    expect(iso(endOfQuiet(night("Europe/Berlin"), at(from)))).toBe(iso(at(end)));
  });

  it("end with a minute that the clocks skip when they are put forward", () => {
    const hours = { ...night("Europe/Berlin"), to: 2 * 60 + 30 };
    expect(iso(endOfQuiet(hours, at("2026-03-28T23:00:00Z")))).toBe("2026-03-29T01:00:00.000Z");
  });

  it("come back with the hour that the clocks show twice", () => {
    const hours = { ...night("Europe/Berlin"), to: 2 * 60 + 30 };
    expect(iso(endOfQuiet(hours, at("2026-10-24T23:00:00Z")))).toBe("2026-10-25T00:30:00.000Z");
    expect(isQuiet(hours, at("2026-10-25T00:45:00Z"))).toBe(false);
    expect(iso(endOfQuiet(hours, at("2026-10-25T01:15:00Z")))).toBe("2026-10-25T01:30:00.000Z");
  });

  it("of a day's name begin on that day and go on into the next", () => {
    const friday = { ...night("Europe/Berlin"), days: [5] };
    expect(iso(endOfQuiet(friday, at("2026-01-09T22:00:00Z")))).toBe("2026-01-10T06:00:00.000Z");
    expect(isQuiet(friday, at("2026-01-10T22:00:00Z"))).toBe(false);
    expect(isQuiet(friday, at("2026-01-09T05:00:00Z"))).toBe(false);
  });

  it("of whole days end with the last of them", () => {
    const weekend = { ...night("Europe/Berlin"), from: 0, to: 0, days: [6, 0] };
    expect(iso(endOfQuiet(weekend, at("2026-01-10T12:00:00Z")))).toBe("2026-01-11T23:00:00.000Z");
  });

  it("whatever they are, end at the first minute that is not quiet", () => {
    fc.assert(
      fc.property(quietHours, anyMoment, (hours, from) => {
        const end = endOfQuiet(hours, from);
        expect(isQuiet(hours, end)).toBe(false);
        if (end === from) return;
        expect(end % minuteMs).toBe(0);
        // A quiet time of days is looked at every hour and at its end, others minute by minute.
        const step = end - from > 1_440 * minuteMs ? 17 * minuteMs : minuteMs;
        for (let each = from; each < end; each += step) expect(isQuiet(hours, each), iso(each)).toBe(true);
        expect(isQuiet(hours, end - 1)).toBe(true);
      }),
      { numRuns: 150 },
    );
  }, 120_000);
});

describe("a time of the day", () => {
  it.each([
    ["is today's when it is to come", "2026-01-10T06:00:00Z", "2026-01-10T07:00:00Z"],
    ["is tomorrow's when it is now", "2026-01-10T07:00:00Z", "2026-01-11T07:00:00Z"],
    ["keeps to the clocks when they are put forward", "2026-03-28T12:00:00Z", "2026-03-29T06:00:00Z"],
  ])("%s", (_, after, next) => {
    expect(iso(nextTimeOfDay("Europe/Berlin", [8 * 60], at(after)))).toBe(iso(at(next)));
  });

  it("that the clocks skip comes when they are put forward, one that they show twice comes once", () => {
    const half = [2 * 60 + 30];
    expect(iso(nextTimeOfDay("Europe/Berlin", half, at("2026-03-28T12:00Z")))).toBe("2026-03-29T01:00:00.000Z");
    expect(iso(nextTimeOfDay("Europe/Berlin", half, at("2026-10-24T12:00Z")))).toBe("2026-10-25T00:30:00.000Z");
    expect(iso(nextTimeOfDay("Europe/Berlin", half, at("2026-10-25T00:30Z")))).toBe("2026-10-26T01:30:00.000Z");
  });

  it("is on the clock when it comes, within a day, unless the clocks were changed", () => {
    fc.assert(
      fc.property(
        timeZone,
        fc.array(fc.integer({ min: 0, max: 1_439 }), { minLength: 1 }),
        moment,
        (zone, times, after) => {
          const next = nextTimeOfDay(zone, times, after);
          expect(next).toBeGreaterThan(after);
          // A day that is left out, or two hours more.
          expect(next - after).toBeLessThanOrEqual(49 * 60 * minuteMs);
          const { minute } = wallClock(zone, next);
          const isSkipped = wallClock(zone, next - minuteMs).minute !== (minute + 1_439) % 1_440;
          expect(times.includes(minute) || isSkipped).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

it("knows the names of time zones", () => {
  expect(["Europe/Berlin", "UTC", "Mars/Olympus", ""].map(isTimeZone)).toEqual([true, true, false, false]);
});

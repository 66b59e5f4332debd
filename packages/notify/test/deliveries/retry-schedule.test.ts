import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deliveriesConfig } from "../../src/deliveries/config.ts";
import { nextAttemptAt } from "../../src/deliveries/retry-schedule.ts";

const { retries: schedule } = deliveriesConfig.parse({});
const [second, minute, hour] = [1_000, 60_000, 3_600_000];

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("the retry schedule", () => {
  it("is 0, 5 s, 5 m, 30 m, 2 h, 5 h, 10 h and 10 h, and then the end", () => {
    const waits = Array.from({ length: 8 }, (_, index) =>
      nextAttemptAt({ schedule, failed: index + 1, now: 1_000_000, random: () => 0.5 }),
    );
    expect(waits.map((next) => next && next - 1_000_000)).toEqual([
      ...[5 * second, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 10 * hour],
      undefined,
    ]);
  });

  it("never comes more than a tenth sooner or later than it says", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(10 * hour), { minLength: 2 }),
        share,
        fc.nat(2 ** 40),
        fc.nat(),
        (waits, random, now, pick) => {
          const failed = 1 + (pick % (waits.length - 1));
          const next = nextAttemptAt({ schedule: waits, failed, now, random: () => random }) ?? Number.NaN;
          expect(next - now).toBeGreaterThanOrEqual(Math.floor(waits[failed]! * 0.9));
          expect(next - now).toBeLessThanOrEqual(Math.ceil(waits[failed]! * 1.1));
        },
      ),
    );
  });

  it("never comes before the peer's Retry-After, nor a tenth after it, and no peer sends anybody off for more than a day", () => {
    fc.assert(
      fc.property(fc.integer({ min: -5, max: 60 * 24 * hour }), share, (retryAfterMs, random) => {
        const next = nextAttemptAt({ schedule: [0, 0], failed: 1, now: 0, retryAfterMs, random: () => random })!;
        const asked = Math.min(Math.max(retryAfterMs, 0), 24 * hour);
        expect(next).toBeGreaterThanOrEqual(asked);
        expect(next).toBeLessThanOrEqual(Math.ceil(asked * 1.1));
      }),
    );
  });

  it("spreads what failed at the same time", () => {
    const moments = [0, 0.25, 0.5, 0.75].map((random) =>
      nextAttemptAt({ schedule, failed: 1, now: 0, random: () => random }),
    );
    expect(moments).toEqual([4_500, 4_750, 5_000, 5_250]);
  });
});

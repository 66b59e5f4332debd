/** How often somebody may try: guesses are bounded wherever they come from, and nobody is locked out by others. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ApiError } from "../../src/api/problem.ts";
import { Attempts } from "../../src/sessions/attempts.ts";
import { Tries } from "../../src/sessions/tries.ts";

const minuteMs = 60_000;

function attemptsAt(clock: { now: number }, tries = 5) {
  const attempts = new Attempts({ tries, now: () => clock.now });
  /** Whether it was compared. */
  const guess = (name: string, address: string): boolean => {
    try {
      attempts.begin(name, address).failed();
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.code === "too_many_requests") return false;
      throw error;
    }
  };
  return { attempts, guess };
}

describe("attempts to sign in", () => {
  it("of one name from one address are five, and then one every three minutes", () => {
    const clock = { now: 0 };
    const { guess } = attemptsAt(clock);
    expect(Array.from({ length: 7 }, () => guess("ann", "192.0.2.1"))).toEqual([...Array(5).fill(true), false, false]);
    clock.now += 3 * minuteMs - 1;
    expect(guess("ann", "192.0.2.1")).toBe(false);
    clock.now += 1;
    expect(guess("ann", "192.0.2.1")).toBe(true);
    expect(guess("ann", "192.0.2.1")).toBe(false);
  });

  it("of one name from everywhere are thirty, and then one a minute", () => {
    const clock = { now: 0 };
    const { guess } = attemptsAt(clock);
    const compared = Array.from({ length: 200 }, (_, host) => guess("ann", `198.51.100.${host}`)).filter(Boolean);
    expect(compared).toHaveLength(30);
    clock.now += minuteMs;
    expect([guess("ann", "203.0.113.1"), guess("ann", "203.0.113.2")]).toEqual([true, false]);
  });

  it("lock nobody out where they have signed in from before", () => {
    const { attempts, guess } = attemptsAt({ now: 0 });
    attempts.begin("ann", "192.0.2.1").succeeded();
    for (let host = 0; host < 200; host += 1) guess("ann", `198.51.100.${host}`);
    for (let name = 0; name < 200; name += 1) guess(`name ${name}`, "192.0.2.1");
    expect(guess("ann", "203.0.113.1")).toBe(false);
    expect(guess("somebody", "192.0.2.1")).toBe(false);
    expect(guess("ann", "192.0.2.1")).toBe(true);
  });

  it("that succeed or come to nothing cost nothing", () => {
    const { attempts, guess } = attemptsAt({ now: 0 });
    for (let count = 0; count < 100; count += 1) {
      attempts.begin("ann", "192.0.2.1").undone();
      attempts.begin("bob", "192.0.2.1").succeeded();
    }
    expect(Array.from({ length: 6 }, () => guess("ann", "192.0.2.1")).filter(Boolean)).toHaveLength(5);
  });

  it("of a whole IPv6 network are one address's", () => {
    const { guess } = attemptsAt({ now: 0 });
    const compared = Array.from({ length: 10 }, (_, host) => guess("ann", `2001:db8::${host}`)).filter(Boolean);
    expect(compared).toHaveLength(5);
    expect(guess("ann", "2001:db8:0:1::1")).toBe(true);
  });
});

describe("tries", () => {
  it("taken within any time are never more than the burst and what came back", () => {
    const steps = fc.array(fc.record({ passMs: fc.nat({ max: 5_000 }), isUndone: fc.boolean() }), { maxLength: 100 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), steps, (burst, all) => {
        let now = 0;
        const tries = new Tries({ burst, refillMs: 1_000, maxKeys: 10, now: () => now });
        let taken = 0;
        for (const { passMs, isUndone } of all) {
          now += passMs;
          if (tries.left("key") < 1) {
            expect(tries.waitSeconds("key")).toBeGreaterThanOrEqual(1);
            continue;
          }
          tries.take("key");
          if (isUndone) tries.giveBack("key");
          else taken += 1;
          expect(taken).toBeLessThanOrEqual(burst + now / 1_000);
        }
        now += 1_000 * burst;
        expect(tries.left("key")).toBe(burst);
      }),
    );
  });

  it("are remembered of so many and no more", () => {
    const tries = new Tries({ burst: 1, refillMs: 1_000, maxKeys: 2, now: () => 0 });
    for (const key of ["a", "b", "c"]) tries.take(key);
    expect(["a", "b", "c"].map((key) => tries.left(key))).toEqual([1, 0, 0]);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CircuitBreaker } from "../../src/clusters/circuit-breaker.ts";

/** What it says after each step: `x` a check failed, `+` succeeded, `?` work failed; O is open. */
function after(steps: string): string {
  const breaker = new CircuitBreaker();
  return [...steps]
    .map((step) => {
      if (step === "x") breaker.failed();
      else if (step === "+") breaker.succeeded();
      else breaker.suspect();
      return breaker.isOpen ? "O" : "-";
    })
    .join("");
}

describe("a circuit breaker", () => {
  it.each([
    ["is closed after one failure, open after the second in a row", "+x+xx", "----O"],
    ["is not opened by work alone, however much of it fails", "?????+", "------"],
    ["is opened by work and a check that agree", "?x", "-O"],
    ["is closed by one check that succeeds, and by nothing else", "xx?x+x", "-OOO--"],
  ])("%s", (_, steps, states) => {
    expect(after(steps)).toBe(states);
  });

  it("looks again soon after a first failure, then at intervals that double up to 15 s, less up to a half at random", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 200 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, random) => {
          const breaker = new CircuitBreaker({ random: () => random });
          expect(breaker.nextCheckMs).toBe(undefined);
          breaker.failed();
          expect(breaker.nextCheckMs).toBe(100);
          for (let count = 1; count < failures; count += 1) breaker.failed();
          const longest = Math.min(500 * 2 ** (failures - 2), 15_000);
          expect(breaker.nextCheckMs).toBeGreaterThanOrEqual(longest / 2);
          expect(breaker.nextCheckMs).toBeLessThanOrEqual(longest);
        },
      ),
    );
  });
});

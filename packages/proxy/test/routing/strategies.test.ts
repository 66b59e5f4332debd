/** Each strategy by what it promises: fair within bounds, and never anybody who is not a candidate. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../../../../tests/lab/random.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { createStrategy } from "../../src/routing/strategies.ts";
import type { StrategyName } from "../../src/routing/strategy.ts";
import { type TestBackend, tally, testBackend, times } from "./test-backend.ts";

const all: readonly StrategyName[] = [
  "round-robin",
  "weighted",
  "least-pending",
  "lowest-latency",
  "last-first",
  "first-only",
];

const fractions = (seed: number) => {
  const random = new Random(seed);
  return () => random.fraction();
};

const someBackends = fc
  .array(fc.record({ weight: fc.integer({ min: 1, max: 9 }), latencyMs: fc.integer({ min: 1, max: 100 }) }), {
    minLength: 1,
    maxLength: 6,
  })
  .map((each) => each.map((options, index) => testBackend(String.fromCharCode(97 + index), options)));

const strategy = (name: StrategyName, seed = 1) => createStrategy(name, fractions(seed));

function chooseOften(name: StrategyName, backends: readonly TestBackend[], count: number): (Backend | undefined)[] {
  const chosen = strategy(name);
  return times(count, () => chosen.choose(backends, backends));
}

describe("every strategy", () => {
  it.each(all)("%s chooses a candidate, whichever there are from one choice to the next", (name) => {
    fc.assert(
      fc.property(
        someBackends,
        fc.array(fc.integer({ min: 1, max: 63 }), { maxLength: 60 }),
        fc.nat(),
        (backends, masks, seed) => {
          const chosen = strategy(name, seed);
          for (const mask of masks) {
            const candidates = backends.filter((_, index) => (mask & (1 << index)) !== 0);
            if (candidates.length === 0) continue;
            const backend = chosen.choose(candidates, backends);
            if (name === "first-only" && candidates[0] !== backends[0]) expect(backend).toBeUndefined();
            else expect(candidates).toContain(backend);
          }
        },
      ),
    );
  });
});

describe("round-robin", () => {
  it("gives each the same number, whatever the weights", () => {
    fc.assert(
      fc.property(someBackends, fc.integer({ min: 1, max: 20 }), (backends, rounds) => {
        const counts = tally(chooseOften("round-robin", backends, backends.length * rounds));
        expect(counts).toEqual(Object.fromEntries(backends.map(({ name }) => [name, rounds])));
      }),
    );
  });

  it("passes over a backend that is missing without giving its neighbour a double share", () => {
    const backends = ["a", "b", "c"].map((name) => testBackend(name));
    const [a, , c] = backends;
    const roundRobin = strategy("round-robin");
    const chosen = times(10, () => roundRobin.choose([a!, c!], backends));
    expect(tally(chosen)).toEqual({ a: 5, c: 5 });
  });

  it("goes on after backends have been replaced", () => {
    const roundRobin = strategy("round-robin");
    const before = [testBackend("a"), testBackend("b")];
    roundRobin.choose(before, before);
    const after = [testBackend("c"), testBackend("d")];
    expect(times(4, () => roundRobin.choose(after, after)?.name)).toEqual(["c", "d", "c", "d"]);
  });
});

describe("weighted", () => {
  it("gives each exactly its weight in every round", () => {
    fc.assert(
      fc.property(someBackends, fc.integer({ min: 1, max: 5 }), (backends, rounds) => {
        const total = backends.reduce((sum, { weight }) => sum + weight, 0);
        const counts = tally(chooseOften("weighted", backends, total * rounds));
        expect(counts).toEqual(Object.fromEntries(backends.map(({ name, weight }) => [name, weight * rounds])));
      }),
    );
  });

  it("spreads the heaviest over the round", () => {
    const backends = [testBackend("a", { weight: 5 }), testBackend("b"), testBackend("c")];
    expect(chooseOften("weighted", backends, 7).map((backend) => backend?.name)).toEqual([..."aabacaa"]);
  });

  it("is never further from the exact share than the number of backends", () => {
    fc.assert(
      fc.property(someBackends, (backends) => {
        const total = backends.reduce((sum, { weight }) => sum + weight, 0);
        const chosen = chooseOften("weighted", backends, total);
        for (const backend of backends) {
          let count = 0;
          chosen.forEach((each, index) => {
            if (each === backend) count += 1;
            expect(Math.abs(count - ((index + 1) * backend.weight) / total)).toBeLessThan(backends.length);
          });
        }
      }),
    );
  });

  it("takes a weight as it is at the moment of the choice", () => {
    const backends = [testBackend("a"), testBackend("b")];
    const weighted = strategy("weighted");
    times(2, () => weighted.choose(backends, backends));
    backends[1]!.weight = 3;
    expect(tally(times(8, () => weighted.choose(backends, backends)))).toEqual({ a: 2, b: 6 });
  });
});

describe("least-pending", () => {
  it("keeps what is under way in proportion to the weights, within one operation each", () => {
    fc.assert(
      fc.property(someBackends, fc.integer({ min: 1, max: 200 }), (backends, operations) => {
        const leastPending = strategy("least-pending");
        for (let operation = 0; operation < operations; operation += 1) {
          const chosen = leastPending.choose(backends, backends) as TestBackend;
          chosen.figures.pending += 1;
        }
        const loads = backends.map(({ figures, weight }) => figures.pending / weight);
        const mostLoaded = Math.max(...loads);
        for (const { figures, weight } of backends)
          expect((figures.pending + 1) / weight).toBeGreaterThanOrEqual(mostLoaded);
      }),
    );
  });

  it("chooses in turn among idle backends", () => {
    const backends = ["a", "b", "c"].map((name) => testBackend(name));
    expect(tally(chooseOften("least-pending", backends, 9))).toEqual({ a: 3, b: 3, c: 3 });
  });
});

describe("lowest-latency", () => {
  it("gives the slowest of many little, and the fastest the most", () => {
    const latencies = [1, 2, 4, 50];
    const backends = latencies.map((latencyMs, index) => testBackend(String(index), { latencyMs }));
    const counts = tally(chooseOften("lowest-latency", backends, 16_000));
    // Of pairs without repetition, the fastest is in half and wins all; the slowest wins none: it is only explored.
    expect(counts[0]).toBeGreaterThan(16_000 * 0.45);
    expect(counts[0]).toBeLessThan(16_000 * 0.53);
    expect(counts[3]).toBeGreaterThan(16_000 / 16 / 4 / 1.5);
    expect(counts[3]).toBeLessThan((16_000 / 16 / 4) * 1.5);
    expect(counts[1]!).toBeGreaterThan(counts[2]!);
  });

  it("gives equals equal shares", () => {
    const backends = ["a", "b", "c"].map((name) => testBackend(name, { latencyMs: 5 }));
    for (const count of Object.values(tally(chooseOften("lowest-latency", backends, 9_000)))) {
      expect(Math.abs(count - 3_000)).toBeLessThan(250);
    }
  });

  it("counts what is under way as waiting time", () => {
    const backends = [testBackend("busy", { latencyMs: 1, pending: 20 }), testBackend("idle", { latencyMs: 5 })];
    const counts = tally(chooseOften("lowest-latency", backends, 1_000));
    expect(counts.idle).toBeGreaterThan(900);
  });

  it("tries first whom it knows nothing of", () => {
    const backends = [testBackend("known", { latencyMs: 1 }), testBackend("new")];
    expect(tally(chooseOften("lowest-latency", backends, 1_000)).new).toBeGreaterThan(900);
  });
});

describe("the orders of the manager", () => {
  const backends = ["a", "b", "c"].map((name) => testBackend(name));
  const [a, b, c] = backends as [TestBackend, TestBackend, TestBackend];

  it("last-first takes the last that can be used", () => {
    const lastFirst = strategy("last-first");
    const candidates = [[a, b, c], [a, b], [a]];
    expect(candidates.map((each) => lastFirst.choose(each, backends)?.name)).toEqual(["c", "b", "a"]);
  });

  it("first-only takes the first and no other", () => {
    const firstOnly = strategy("first-only");
    const candidates = [[a, b, c], [b, c], [a]];
    expect(candidates.map((each) => firstOnly.choose(each, backends)?.name)).toEqual(["a", undefined, "a"]);
  });
});

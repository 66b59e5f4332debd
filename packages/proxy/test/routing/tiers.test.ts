/** Who is asked when: tiers, health, administrative state, weight, panic. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../../../../tests/lab/random.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { createStrategy } from "../../src/routing/strategies.ts";
import type { StrategyName } from "../../src/routing/strategy.ts";
import { Tier } from "../../src/routing/tier.ts";
import { Tiers } from "../../src/routing/tiers.ts";
import { ManualClock } from "../health/manual-clock.ts";
import { nobody, type TestBackend, tally, testBackend, times } from "./test-backend.ts";

function tiersOf(groups: readonly (readonly Backend[])[], strategy: StrategyName = "round-robin", seed = 1): Tiers {
  const random = new Random(seed);
  const fraction = () => random.fraction();
  return new Tiers(groups.map((backends) => new Tier(createStrategy(strategy, fraction), backends, fraction)));
}

const choices = (tiers: Tiers, count: number, exclude = nobody) =>
  times(count, () => {
    const choice = tiers.choose(exclude);
    return choice && `${choice.backend.name} ${choice.reason}`;
  });

describe("tiers", () => {
  it("use the second group only when nobody in the first is left, and go back when somebody is", () => {
    const [a, b, c] = [testBackend("a"), testBackend("b"), testBackend("c")];
    const tiers = tiersOf([[a, b], [c]]);
    expect(choices(tiers, 2)).toEqual(["a round-robin", "b round-robin"]);
    a.state.setHealth("down", "test");
    expect(choices(tiers, 2)).toEqual(["b round-robin", "b round-robin"]);
    b.state.setHealth("down", "test");
    expect(choices(tiers, 2)).toEqual(["c round-robin", "c round-robin"]);
    a.state.setHealth("up", "test");
    expect(choices(tiers, 1)).toEqual(["a round-robin"]);
  });

  it("use a degraded backend only when nobody of its tier is up, and before the next tier", () => {
    const [late, up, next] = [testBackend("late", { health: "degraded" }), testBackend("up"), testBackend("next")];
    const tiers = tiersOf([[late, up], [next]]);
    expect(choices(tiers, 3)).toEqual(times(3, () => "up round-robin"));
    up.state.setAdmin("drain");
    expect(choices(tiers, 1)).toEqual(["late round-robin"]);
    late.state.setHealth("down", "test");
    expect(choices(tiers, 1)).toEqual(["next round-robin"]);
  });

  it("with first-only go past the other backends of the tier to the next", () => {
    const [a, b, c] = [testBackend("a"), testBackend("b"), testBackend("c")];
    const tiers = tiersOf([[a, b], [c]], "first-only");
    a.state.setHealth("degraded", "test");
    expect(choices(tiers, 1)).toEqual(["a first-only"]);
    a.state.setHealth("down", "test");
    expect(choices(tiers, 1)).toEqual(["c first-only"]);
  });

  it("give nothing to a backend without weight while another takes work", () => {
    const [a, b] = [testBackend("a"), testBackend("b", { weight: 0 })];
    const tiers = tiersOf([[a, b]]);
    expect(tally(times(4, () => tiers.choose(nobody)?.backend))).toEqual({ a: 4 });
    expect(tiers.acceptingCount).toBe(1);
  });

  it("are others as soon as they are told", () => {
    const tiers = tiersOf([[testBackend("a")]]);
    tiers.setTiers(tiersOf([[testBackend("b")]]).tiers);
    expect(choices(tiers, 1)).toEqual(["b round-robin"]);
    expect(tiers.backends.map(({ name }) => name)).toEqual(["b"]);
  });
});

describe("when nobody takes work", () => {
  it("those that answer checks are tried first: drained, without weight, or held down", () => {
    const dead = testBackend("dead", { health: "down" });
    const held = testBackend("held", { health: "down" });
    held.state.answersChecks = true;
    const tiers = tiersOf([
      [dead, held, testBackend("drained", { admin: "drain" }), testBackend("light", { weight: 0 })],
    ]);
    expect(tiers.isPanicking).toBe(true);
    expect(choices(tiers, 3)).toEqual(["held panic", "drained panic", "light panic"]);
  });

  it("all but those in maintenance are tried when all are down", () => {
    const backends = ["a", "b"].map((name) => testBackend(name, { health: "down" }));
    const maintained = testBackend("maintained", { health: "up", admin: "maint" });
    const tiers = tiersOf([[maintained, ...backends], [testBackend("c", { health: "down" })]]);
    expect(choices(tiers, 3)).toEqual(["a panic", "b panic", "a panic"]);
    expect(choices(tiers, 1, new Set(backends))).toEqual(["c panic"]);
  });

  it("a backend that does not answer is not tried because the one that works was tried already", () => {
    const [a, b] = [testBackend("a"), testBackend("b", { health: "down" })];
    expect(choices(tiersOf([[a, b]]), 1, new Set([a]))).toEqual([undefined]);
  });

  it("a backend that does not answer is tried as the last chance of what nobody else has a connection for", () => {
    const [a, b] = [testBackend("a"), testBackend("b", { health: "down" })];
    const tiers = tiersOf([[a, b, testBackend("c", { health: "down", admin: "maint" })]]);
    expect(tiers.choose(new Set([a]), true)).toEqual({ backend: b, reason: "panic" });
    expect(tiers.choose(new Set([a, b]), true)).toBeUndefined();
  });
});

describe("slow start", () => {
  it.each(["round-robin", "weighted", "least-pending", "lowest-latency"] as const)(
    "keeps %s from giving much to a backend that has just come up",
    async (strategy) => {
      const clock = new ManualClock();
      const old = times(3, (index) => testBackend(String(index), { clock, latencyMs: 5 }));
      const fresh = testBackend("fresh", { clock, health: "down", slowStartMs: 30_000, latencyMs: 5 });
      const tiers = tiersOf([[...old, fresh]], strategy);
      fresh.state.setHealth("up", "back", { slowly: true });
      const shareAfter = (ms: number) => {
        clock.jump(ms);
        return (tally(times(4_000, () => tiers.choose(nobody)?.backend)).fresh ?? 0) / 4_000;
      };
      const shares = [shareAfter(0), shareAfter(15_000), shareAfter(15_000)];
      expect(shares[0]).toBeGreaterThan(0);
      expect(shares[0]).toBeLessThan(0.04);
      expect(shares[1]).toBeGreaterThan(0.09);
      expect(shares[1]).toBeLessThan(0.2);
      expect(shares[2]).toBeGreaterThan(0.22);
    },
  );

  it("does not leave a tier without anybody", () => {
    const clock = new ManualClock();
    const backends = ["a", "b"].map((name) => testBackend(name, { clock, health: "down", slowStartMs: 30_000 }));
    for (const { state } of backends) state.setHealth("up", "back", { slowly: true });
    const counts = tally(times(400, () => tiersOf([backends]).choose(nobody)?.backend));
    expect(counts).not.toHaveProperty("nobody");
  });
});

/** Any mixture of states, in two tiers. */
const anyBackends = fc.array(
  fc.record({
    tier: fc.constantFrom(0, 1),
    health: fc.constantFrom("up" as const, "degraded" as const, "down" as const),
    admin: fc.constantFrom("ready" as const, "drain" as const, "maint" as const),
    weight: fc.integer({ min: 0, max: 3 }),
    isExcluded: fc.boolean(),
  }),
  { minLength: 1, maxLength: 7 },
);

describe("whatever the states", () => {
  it("nobody is chosen who is excluded, in maintenance, or worse than one that could have been", () => {
    const strategies = fc.constantFrom<StrategyName>(
      "round-robin",
      "weighted",
      "least-pending",
      "lowest-latency",
      "last-first",
    );
    fc.assert(
      fc.property(anyBackends, strategies, fc.nat(), (shapes, strategy, seed) => {
        const backends = shapes.map((shape, index) => ({ shape, backend: testBackend(String(index), shape) }));
        const inTier = (tier: number) =>
          backends.filter(({ shape }) => shape.tier === tier).map(({ backend }) => backend);
        const exclude = new Set<Backend>(
          backends.filter(({ shape }) => shape.isExcluded).map(({ backend }) => backend),
        );
        const tiers = tiersOf([inTier(0), inTier(1)], strategy, seed);
        const takes = ({ state, weight }: TestBackend) => state.acceptsNew && weight > 0;
        /** The lower the better; the same number may be chosen. */
        const rank = (backend: TestBackend, tier: number) => {
          if (takes(backend)) return tier * 2 + (backend.state.health === "up" ? 0 : 1);
          return backend.state.health === "down" ? 5 : 4;
        };
        const isPanicking = !backends.some(({ backend }) => takes(backend));
        const possible = backends
          .filter(({ shape }) => !shape.isExcluded && shape.admin !== "maint")
          .map(({ backend, shape }) => rank(backend, shape.tier))
          .filter((each) => each < 5 || isPanicking);
        const choice = tiers.choose(exclude);
        const chosen = backends.find(({ backend }) => backend === choice?.backend);
        expect(chosen && rank(chosen.backend, chosen.shape.tier)).toBe(
          possible.length === 0 ? undefined : Math.min(...possible),
        );
        if (chosen) expect([chosen.shape.isExcluded, chosen.shape.admin === "maint"]).toEqual([false, false]);
      }),
    );
  });
});

/** Where a name's binds go. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { highestRank } from "../../src/routing/bind-hash.ts";
import { ManualClock } from "../health/manual-clock.ts";
import { tally, testBackend, times } from "./test-backend.ts";

const names = times(4_000, (index) => `uid=user${index},ou=people,dc=example,dc=com`);

const hosts = fc.uniqueArray(fc.domain(), { minLength: 2, maxLength: 6 });

describe("the backend of a name", () => {
  it("is the same as long as it is there", () => {
    const backends = ["a:636", "b:636", "c:636"].map((name) => testBackend(name));
    const again = ["c:636", "a:636", "b:636"].map((name) => testBackend(name));
    for (const name of names) expect(highestRank(again, name)?.name).toBe(highestRank(backends, name)?.name);
  });

  it("is evenly any of them, whatever they are called", () => {
    fc.assert(
      fc.property(hosts, (hosts) => {
        const backends = hosts.map((name) => testBackend(name));
        const counts = tally(names.map((name) => highestRank(backends, name)));
        const share = names.length / hosts.length;
        for (const host of hosts) expect(Math.abs((counts[host] ?? 0) - share)).toBeLessThan(share * 0.25);
      }),
      { numRuns: 30 },
    );
  });

  it("is any of them by its weight", () => {
    const backends = [testBackend("a", { weight: 3 }), testBackend("b")];
    const counts = tally(names.map((name) => highestRank(backends, name)));
    expect(Math.abs(counts.a! - 3_000)).toBeLessThan(150);
  });

  it("changes for the names of a backend that is lost, and for no others", () => {
    fc.assert(
      fc.property(hosts, fc.nat(), (hosts, which) => {
        const backends = hosts.map((name) => testBackend(name));
        const lost = backends[which % backends.length]!;
        const others = backends.filter((backend) => backend !== lost);
        const homeless: string[] = [];
        for (const name of names) {
          const before = highestRank(backends, name);
          if (before === lost) homeless.push(name);
          else expect(highestRank(others, name)).toBe(before);
        }
        // And those are spread over all others.
        const counts = tally(homeless.map((name) => highestRank(others, name)));
        expect(Object.keys(counts).sort()).toEqual(others.map(({ name }) => name).sort());
      }),
      { numRuns: 20 },
    );
  });

  it("comes back to a backend that came up a name at a time, each of them once", () => {
    const clock = new ManualClock();
    const old = testBackend("a", { clock });
    const fresh = testBackend("b", { clock, health: "down", slowStartMs: 10_000 });
    fresh.state.setHealth("up", "back", { slowly: true });
    let moved = new Set<string>();
    const counts = times(6, () => {
      const now = new Set(names.filter((name) => highestRank([old, fresh], name) === fresh));
      for (const name of moved) expect(now).toContain(name);
      moved = now;
      clock.jump(2_000);
      return now.size;
    });
    expect(counts).toEqual([...counts].sort((one, other) => one - other));
    expect(counts[0]).toBeLessThan(400);
    expect(counts.at(-1)).toBeGreaterThan(1_800);
  });
});

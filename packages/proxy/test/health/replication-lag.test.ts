/** How late a replica is, from what each of them has. */
import type { ReplicaVector } from "@espalier/ldap";
import { describe, expect, it } from "vitest";
import { ReplicationLag } from "../../src/health/replication-lag.ts";
import { ManualClock } from "./manual-clock.ts";

/** The clock's start. */
const startMs = Date.UTC(2026, 0, 3, 12);

/** By replica: seconds after the clock's start. */
function changes(seconds: Readonly<Record<string, number>>): ReplicaVector {
  const position = (at: number) => ({
    csn: `${new Date(startMs + at * 1000).toISOString()}#000000`,
    timeMs: startMs + at * 1000,
  });
  return new Map(Object.entries(seconds).map(([replica, at]) => [replica, position(at)]));
}

function scene() {
  const clock = new ManualClock();
  return { clock, lag: new ReplicationLag(clock) };
}

describe("replication lag", () => {
  it("is 0 for whoever has everything, and unknown for whoever has said nothing", () => {
    const { lag } = scene();
    lag.report("a", changes({ "001": 0 }));
    lag.report("b", changes({ "001": 0 }));
    expect([lag.lagMs("a"), lag.lagMs("b"), lag.lagMs("c")]).toEqual([0, 0, undefined]);
  });

  it("is how long there has been a change that it lacks", () => {
    const { clock, lag } = scene();
    for (const name of ["a", "b"]) lag.report(name, changes({ "001": 0 }));
    clock.jump(10_000);
    lag.report("a", changes({ "001": 9 }));
    clock.jump(4_000);
    lag.report("a", changes({ "001": 13 }));
    lag.report("b", changes({ "001": 0 }));
    expect([lag.lagMs("a"), lag.lagMs("b")]).toEqual([0, 4_000]);
    clock.jump(1_000);
    lag.report("b", changes({ "001": 9 }));
    expect(lag.lagMs("b")).toBe(1_000);
  });

  it("is not hours for the first change after a quiet night", () => {
    const { clock, lag } = scene();
    for (const name of ["a", "b"]) lag.report(name, changes({ "001": 0 }));
    clock.jump(8 * 3_600_000);
    for (const name of ["a", "b"]) lag.report(name, changes({ "001": 0 }));
    lag.report("a", changes({ "001": 8 * 3_600 }));
    clock.jump(100);
    expect(lag.lagMs("b")).toBe(100);
  });

  it("is known at the first look from the time of the change itself", () => {
    const { lag } = scene();
    lag.report("a", changes({ "001": -3_600 }));
    lag.report("b", changes({ "001": -7_200 }));
    expect([lag.lagMs("a"), lag.lagMs("b")]).toEqual([0, 3_600_000]);
  });

  it("is not below 0 where the server's clock is ahead", () => {
    const { lag } = scene();
    lag.report("a", changes({ "001": 60 }));
    lag.report("b", changes({ "001": 0 }));
    expect(lag.lagMs("b")).toBe(0);
  });

  it("is that of the replica it is furthest behind with, also one that it has never heard of", () => {
    const { clock, lag } = scene();
    for (const name of ["a", "b"]) lag.report(name, changes({ "001": 0, "002": 0 }));
    lag.report("a", changes({ "001": 0, "002": 1, "003": 0 }));
    clock.jump(3_000);
    lag.report("a", changes({ "001": 2, "002": 1, "003": 0 }));
    clock.jump(500);
    expect(lag.lagMs("b")).toBe(3_500);
  });

  it("looks only at those that are there: what a lost backend alone had makes nobody late", () => {
    const { clock, lag } = scene();
    for (const name of ["a", "b", "c"]) lag.report(name, changes({ "001": 0 }));
    clock.jump(1_000);
    lag.report("b", changes({ "001": 1 }));
    clock.jump(1_000);
    lag.report("a", changes({ "001": 2 }));
    clock.jump(60_000);
    expect([lag.lagMs("b"), lag.lagMs("c")]).toEqual([60_000, 61_000]);
    lag.forget("a");
    expect([lag.lagMs("a"), lag.lagMs("b"), lag.lagMs("c")]).toEqual([undefined, 0, 61_000]);
    lag.report("a", changes({ "001": 2 }));
    expect(lag.lagMs("b")).toBe(0);
  });

  it("remembers the change that a stuck replica lacks, however many follow, in bounded memory", () => {
    const { clock, lag } = scene();
    lag.report("stuck", changes({ "001": 0 }));
    for (let second = 1; second <= 10_000; second += 1) {
      clock.jump(1_000);
      lag.report("a", changes({ "001": second }));
    }
    expect(lag.lagMs("stuck")).toBe(9_999_000);
    // Known less exactly for one in the middle, and never as more than it is.
    lag.report("stuck", changes({ "001": 5_000 }));
    expect(lag.lagMs("stuck")).toBeLessThanOrEqual(5_000_000);
    expect(lag.lagMs("stuck")).toBeGreaterThan(4_600_000);
  });
});

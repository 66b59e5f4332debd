import { describe, expect, it } from "vitest";
import type { CheckResult } from "../../src/index.ts";
import { createHealth } from "../../src/index.ts";

function clock() {
  let nowMs = Date.parse("2024-01-25T10:30:00Z");
  return { now: () => new Date(nowMs), advance: (ms: number) => (nowMs += ms) };
}

describe("the health report", () => {
  it("has the shape status, timestamp, version, checks", async () => {
    const health = createHealth({ version: "1.0.0", now: clock().now });
    health.register("config", () => ({ status: "ok", clusters_count: 4 }));
    health.register("ldap", async () => ({ status: "ok", cluster: "production" }));
    expect(await health.report()).toEqual({
      status: "healthy",
      timestamp: "2024-01-25T10:30:00.000Z",
      version: "1.0.0",
      checks: { config: { status: "ok", clusters_count: 4 }, ldap: { status: "ok", cluster: "production" } },
    });
  });

  it.each([
    [["ok", "degraded"], "degraded"],
    [["degraded", "error", "ok"], "unhealthy"],
    [[], "healthy"],
  ] satisfies [CheckResult["status"][], string][])("of %j is %s", async (statuses, expected) => {
    const health = createHealth({ version: "1" });
    for (const [index, status] of statuses.entries()) health.register(String(index), () => ({ status }));
    expect((await health.report()).status).toBe(expected);
  });

  it("says since when a check has not been ok, until it is", async () => {
    const { now, advance } = clock();
    const health = createHealth({ version: "1", now });
    let result: CheckResult = { status: "degraded" };
    health.register("database", () => result);
    const since = async () => (await health.report()).checks.database?.since;
    expect(await since()).toBe("2024-01-25T10:30:00.000Z");
    advance(5_000);
    expect(await since()).toBe("2024-01-25T10:30:00.000Z");
    result = { status: "error" };
    expect(await since()).toBe("2024-01-25T10:30:05.000Z");
    result = { status: "error", since: "2024-01-01T00:00:00.000Z" };
    expect(await since()).toBe("2024-01-01T00:00:00.000Z");
    result = { status: "ok" };
    expect(await since()).toBeUndefined();
    advance(5_000);
    result = { status: "error" };
    expect(await since()).toBe("2024-01-25T10:30:10.000Z");
  });

  it("counts a check that throws or does not answer as an error, without its words", async () => {
    const health = createHealth({ version: "1", now: clock().now });
    const since = "2024-01-25T10:30:00.000Z";
    health.register("throws", () => {
      throw new RangeError("postgres://ann:hunter2@db");
    });
    health.register("hangs", () => new Promise(() => {}));
    expect((await health.report()).checks).toEqual({
      throws: { status: "error", message: "the check itself failed (RangeError)", since },
      hangs: { status: "error", message: "the check did not answer within 2000 ms", since },
    });
  });

  it("is made once for those who ask at the same time", async () => {
    const health = createHealth({ version: "1" });
    let runs = 0;
    health.register("a", async () => {
      runs += 1;
      return { status: "ok" };
    });
    const both = await Promise.all([health.report(), health.report()]);
    await health.report();
    expect([both[0] === both[1], runs]).toEqual([true, 2]);
  });

  it("refuses a second check of the same name", () => {
    const health = createHealth({ version: "1" });
    health.register("a", () => ({ status: "ok" }));
    expect(() => health.register("a", () => ({ status: "ok" }))).toThrow("the check a is registered already");
  });
});

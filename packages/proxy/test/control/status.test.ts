import { describe, expect, it } from "vitest";
import { type BackendStatus, formatStatus, isSound, type ProxyStatus } from "../../src/control/status.ts";

const now = new Date("2026-01-02T00:00:00Z");
const backend = (name: string, more: Partial<BackendStatus> = {}): BackendStatus => ({
  name,
  url: `ldaps://${name}`,
  health: "up",
  admin: "ready",
  since: "2026-01-01T22:00:30Z",
  reason: "it answers checks",
  weight: 1,
  slowStart: 1,
  connections: 2,
  pending: 0,
  ...more,
});
const status = (...backends: BackendStatus[]): ProxyStatus => ({
  version: "1.2.3",
  pid: 17,
  startedAt: "2025-12-30T00:00:00Z",
  listeners: ["ldap://127.0.0.1:389"],
  clients: 5,
  isPanicking: false,
  writeNode: "a",
  tiers: [
    { strategy: "round-robin", backends },
    { strategy: "first-only", backends: [backend("dr", { latencyMs: 12.34 })] },
  ],
});

describe("the status of a proxy", () => {
  it("is a table with a line for each backend", () => {
    const down = {
      health: "down",
      reason: "connection refused",
      since: "2026-01-01T23:59:59.500Z",
      weight: 10,
    } as const;
    expect(formatStatus(status(backend("a", { slowStart: 0.2 }), backend("longer", down)), now)).toBe(
      [
        "espalier proxy 1.2.3, process 17, running for 3d, 5 clients on ldap://127.0.0.1:389",
        "",
        "tier  strategy     backend  state     for          weight  open  pending  latency  why",
        "1     round-robin  a        up, 20 %  1h   writes  1       2     0",
        "                   longer   down      0s           10      2     0                 connection refused",
        "2     first-only   dr       up        1h           1       2     0        12.3 ms",
        "",
      ].join("\n"),
    );
  });

  it("says so when nobody is up, and when nobody takes writes", () => {
    const { writeNode: _, ...rest } = status(backend("a", { health: "down" }));
    const [, second, third] = formatStatus({ ...rest, isPanicking: true }, now).split("\n");
    expect([second, third]).toEqual(["No backend is up: all of them are tried.", "No backend takes writes."]);
  });

  it.each<[boolean, string, Partial<BackendStatus>]>([
    [true, "every backend is up", {}],
    [true, "one that is down is in maintenance", { health: "down", admin: "maint" }],
    [true, "one is drained", { admin: "drain" }],
    [false, "one is down", { health: "down" }],
    [false, "one is degraded", { health: "degraded" }],
  ])("is sound: %s when %s", (expected, _, more) => {
    expect(isSound(status(backend("a", more)))).toBe(expected);
  });
});

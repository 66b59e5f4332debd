/** What a backend's state says of it. */
import { describe, expect, it } from "vitest";
import { type BackendChange, BackendState } from "../../src/backend/backend-state.ts";
import { ManualClock } from "../health/manual-clock.ts";

function scene(slowStartMs = 30_000) {
  const clock = new ManualClock();
  const state = new BackendState({ clock, slowStartMs });
  const changes: BackendChange[] = [];
  state.on((change) => changes.push(change));
  return { clock, state, changes };
}

describe("a backend's state", () => {
  it("takes nothing new before its first check", () => {
    const { state, clock } = scene();
    expect([state.health, state.admin, state.acceptsNew, state.reason, state.since]).toEqual([
      "down",
      "ready",
      false,
      "not checked yet",
      clock.wallTime(),
    ]);
  });

  it("takes new work when it is ready, and up or degraded", () => {
    const { state } = scene();
    const accepts = (["up", "degraded", "down"] as const).map((health) => {
      state.setHealth(health, "test");
      return (["ready", "drain", "maint"] as const).map((admin) => {
        state.setAdmin(admin);
        return state.acceptsNew;
      });
    });
    expect(accepts).toEqual([
      [true, false, false],
      [true, false, false],
      [false, false, false],
    ]);
  });

  it("tells of each change once, after it, with what it was", () => {
    const { state, changes, clock } = scene();
    state.setHealth("up", "it answers checks");
    clock.jump(1_000);
    state.setHealth("up", "it still does");
    expect(state.since).toBe(clock.wallTime() - 1_000);
    state.setAdmin("drain");
    state.setAdmin("drain");
    state.setWritable(false);
    state.setWritable(false);
    const now = { health: "up", admin: "drain", reason: "it still does" };
    expect(changes).toEqual([
      { health: "up", previousHealth: "down", admin: "ready", previousAdmin: "ready", reason: "it answers checks" },
      { ...now, previousHealth: "up", previousAdmin: "ready" },
      { ...now, previousHealth: "up", previousAdmin: "drain" },
    ]);
    expect(state.since).toBe(clock.wallTime());
  });

  it("tells nobody who has stopped listening", () => {
    const { state } = scene();
    let heard = 0;
    const stop = state.on(() => heard++);
    state.setHealth("up", "test");
    stop();
    state.setHealth("down", "test");
    expect(heard).toBe(1);
  });
});

describe("slow start", () => {
  it("lets a backend that came back have more and more of its share", () => {
    const { state, clock } = scene(30_000);
    state.setHealth("up", "back", { slowly: true });
    const shares = [0, 3_000, 12_000, 15_000, 1].map((ms) => {
      clock.jump(ms);
      return state.slowStart;
    });
    expect(shares).toEqual([0.05, 0.1, 0.5, 1, 1]);
  });

  it("goes on while it is degraded and begins anew when it comes back again", () => {
    const { state, clock } = scene(10_000);
    state.setHealth("up", "back", { slowly: true });
    clock.jump(5_000);
    state.setHealth("degraded", "late");
    expect(state.slowStart).toBe(0.5);
    state.setHealth("down", "gone");
    state.setHealth("up", "back", { slowly: true });
    expect(state.slowStart).toBe(0.05);
  });

  it("is no matter at the start, nor where it is switched off", () => {
    const first = scene();
    first.state.setHealth("up", "first check");
    expect(first.state.slowStart).toBe(1);
    const off = scene(0);
    off.state.setHealth("up", "back", { slowly: true });
    expect(off.state.slowStart).toBe(1);
  });
});

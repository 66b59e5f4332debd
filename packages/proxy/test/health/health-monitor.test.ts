/** A backend that is watched: when it is checked, and what becomes of what is found. */
import { attribute } from "@espalier/ldap/client";
import type { NewEvent } from "@espalier/service";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BackendHealth, BackendState } from "../../src/backend/backend-state.ts";
import { CheckFailure, type HealthCheck, type Inspection } from "../../src/health/health-check.ts";
import { HealthMonitor, type HealthMonitorOptions } from "../../src/health/health-monitor.ts";
import { ReplicationLag } from "../../src/health/replication-lag.ts";
import type { UpstreamLost } from "../../src/upstream/response-receiver.ts";
import { ManualClock } from "./manual-clock.ts";

/** What a backend does with a check. */
type Behaviour = "answers" | "hangs" | "refuses" | "answers badly";

/** A backend that behaves as it is told, and remembers when it was asked. */
class ScriptedCheck implements HealthCheck {
  behaviour: Behaviour = "answers";
  inspection: Inspection | "hangs" = {};
  isWritable: boolean | undefined;
  readonly askedAtMs: number[] = [];
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  async probe(): Promise<void> {
    this.askedAtMs.push(this.#clock.now());
    if (this.behaviour === "hangs") return new Promise(() => {});
    if (this.behaviour === "refuses") throw new CheckFailure("connection", "connection refused");
    if (this.behaviour === "answers badly") throw new CheckFailure("answer", "the search was answered with busy");
  }

  async inspect(): Promise<Inspection> {
    return this.inspection === "hangs" ? new Promise(() => {}) : this.inspection;
  }

  async probeWrite(): Promise<boolean | undefined> {
    return this.isWritable;
  }
}

const hung: UpstreamLost = { code: "ERR_UPSTREAM_HUNG", message: "a was silent for 2000 ms" };
const closed: UpstreamLost = { code: "ERR_UPSTREAM_CLOSED", message: "a closed the connection" };

function scene(options: Partial<HealthMonitorOptions> = {}) {
  const clock = new ManualClock();
  const check = new ScriptedCheck(clock);
  const events: NewEvent[] = [];
  const unreachable: UpstreamLost[] = [];
  const state = new BackendState({ clock, slowStartMs: 30_000 });
  const monitor = new HealthMonitor({
    ...{ backend: { name: "a", state }, check, clock, lag: new ReplicationLag(clock) },
    ...{ intervalMs: 2_000, timeoutMs: 2_000, rise: 2, fall: 3, holdDownMs: 10_000, maxLagMs: 30_000 },
    onUnreachable: (lost) => unreachable.push(lost),
    events: { emit: (event) => void events.push(event) },
    acceptingCount: () => 1,
    // The middle of the jitter: every check exactly after the interval.
    random: () => 0.5,
    ...options,
  });
  return { clock, check, events, unreachable, state, monitor };
}

type Scene = ReturnType<typeof scene>;

async function started(options: Partial<HealthMonitorOptions> = {}): Promise<Scene> {
  const all = scene(options);
  all.monitor.start();
  await all.clock.advance(0);
  return all;
}

describe("a monitor", () => {
  it("checks at once and then every interval, and says so when the first is over", async () => {
    const { clock, check, state, monitor } = scene();
    monitor.start();
    await monitor.firstCheck;
    expect(state.health).toBe("up");
    await clock.advance(6_000);
    expect(check.askedAtMs).toEqual([0, 2_000, 4_000, 6_000]);
  });

  it("spreads its checks by a tenth either way", async () => {
    const randoms = [0, 0.999_999, 0.5];
    const { clock, check } = await started({ random: () => randoms.shift() ?? 0.5 });
    await clock.advance(6_000);
    expect(check.askedAtMs.map(Math.round)).toEqual([0, 1_800, 4_000, 6_000]);
  });

  it("says nothing when a backend is up from the beginning, and says when it is not", async () => {
    const up = await started();
    expect(up.events).toEqual([]);
    const down = scene();
    down.check.behaviour = "refuses";
    down.monitor.start();
    await down.clock.advance(0);
    expect(down.events).toEqual([
      {
        type: "backend.down",
        severity: "high",
        subject: "a",
        source: "proxy",
        data: { reason: "connection refused", accepting: 1 },
      },
    ]);
  });

  it("reports a backend that goes and one that comes back", async () => {
    const { clock, check, events, state } = await started();
    check.behaviour = "refuses";
    await clock.advance(60_000);
    check.behaviour = "answers";
    await clock.advance(4_000);
    expect([state.health, state.reason, state.slowStart]).toEqual(["up", "it answers checks", 0.05]);
    const data = { accepting: 1 };
    expect(events).toEqual([
      {
        ...{ type: "backend.down", severity: "high", subject: "a", source: "proxy" },
        data: { ...data, reason: "connection refused", previous: "up", previousForMs: 6_000 },
      },
      {
        ...{ type: "backend.up", severity: "info", subject: "a", source: "proxy" },
        data: { ...data, reason: "it answers checks", previous: "down", previousForMs: 58_000 },
      },
    ]);
  });

  it("calls it critical when no backend is left", async () => {
    const { clock, check, events } = await started({ acceptingCount: () => 0 });
    check.behaviour = "refuses";
    await clock.advance(6_000);
    expect(events.map(({ type, severity }) => [type, severity])).toEqual([["backend.down", "critical"]]);
  });

  it("asks nothing more when it is stopped", async () => {
    const { clock, check, monitor } = await started();
    check.behaviour = "hangs";
    await clock.advance(2_500);
    monitor.stop();
    await clock.advance(60_000);
    expect([check.askedAtMs, clock.pending]).toEqual([[0, 2_000], 0]);
  });
});

describe("a backend that hangs", () => {
  it("is down after `fall` checks when nobody uses it", async () => {
    const { clock, check, state } = await started();
    check.behaviour = "hangs";
    await clock.advance(7_999);
    expect(state.health).toBe("up");
    await clock.advance(1);
    expect([state.health, state.reason]).toEqual(["down", "no answer to a check within 2000 ms"]);
  });

  it("is down with the first check that times out when a connection hangs too", async () => {
    const { clock, check, state, monitor, unreachable } = await started();
    check.behaviour = "hangs";
    await clock.advance(3_900);
    monitor.failed(closed);
    await clock.advance(99);
    expect(state.health).toBe("up");
    await clock.advance(1);
    expect(state.health).toBe("down");
    expect(unreachable).toEqual([
      { code: "ERR_UPSTREAM_HUNG", message: "a is down: no answer to a check within 2000 ms" },
    ]);
  });

  it("is down when a connection hangs after a check has timed out", async () => {
    const { clock, check, state, monitor } = await started();
    check.behaviour = "hangs";
    await clock.advance(5_000);
    expect(state.health).toBe("up");
    monitor.failed(hung);
    expect([state.health, state.reason]).toEqual(["down", "a was silent for 2000 ms"]);
  });

  it("need not be waited for a second whole time-out", async () => {
    const { clock, check, state, monitor } = await started();
    await clock.advance(500);
    check.behaviour = "hangs";
    // A connection has been silent for two seconds, since just before the check that was answered.
    monitor.failed(hung);
    await clock.advance(499);
    expect([check.askedAtMs, state.health]).toEqual([[0, 500], "up"]);
    await clock.advance(1);
    expect([state.health, state.reason]).toEqual(["down", "no answer to a check within 500 ms"]);
  });

  it("is down at once when the check under way has waited long enough already", async () => {
    const { clock, check, state, monitor } = await started();
    check.behaviour = "hangs";
    await clock.advance(2_800);
    monitor.failed(hung);
    await clock.advance(0);
    expect(state.health).toBe("down");
  });

  it("goes on being up when only the connection hung", async () => {
    const { clock, check, state, monitor } = await started();
    await clock.advance(500);
    monitor.failed(hung);
    await clock.advance(0);
    expect([check.askedAtMs, state.health]).toEqual([[0, 500], "up"]);
  });
});

describe("a backend that is killed", () => {
  it("is down as soon as a connection is lost and a check refused", async () => {
    const { clock, check, state, monitor } = await started();
    await clock.advance(1_000);
    check.behaviour = "refuses";
    monitor.failed(closed);
    await clock.advance(0);
    expect([clock.now(), state.health, state.reason]).toEqual([1_000, "down", "connection refused"]);
  });

  it("is not checked for each of a thousand connections that it loses", async () => {
    const { clock, check, monitor } = await started();
    await clock.advance(1_000);
    for (let count = 0; count < 1_000; count += 1) {
      monitor.failed(closed);
      await clock.advance(1);
    }
    expect(check.askedAtMs.length).toBeLessThan(15);
  });

  it("is not suspected because this side ended a connection", async () => {
    const { clock, check, monitor } = await started();
    await clock.advance(1_000);
    monitor.failed({ code: "ERR_UPSTREAM_RETIRED", message: "too old" });
    await clock.advance(500);
    expect(check.askedAtMs).toEqual([0]);
  });
});

describe("a backend that answers with an error", () => {
  it("is down after `fall` checks, and its connections are left alone", async () => {
    const { clock, check, state, monitor, unreachable } = await started();
    check.behaviour = "answers badly";
    await clock.advance(2_000);
    monitor.failed(closed);
    await clock.advance(4_000);
    expect([state.health, state.reason, unreachable]).toEqual(["down", "the search was answered with busy", []]);
  });
});

describe("a backend to which nobody can connect although its check connection works", () => {
  it("is degraded until somebody can, or nobody has tried for a while", async () => {
    const { clock, state, monitor, events } = await started();
    const refused: UpstreamLost = { code: "ERR_UPSTREAM_TLS", message: "certificate has expired" };
    const tryAgain = async () => {
      for (let count = 0; count < 4; count += 1) {
        monitor.failed(refused);
        await clock.advance(2_000);
      }
    };
    await tryAgain();
    await tryAgain();
    expect([state.health, state.reason]).toEqual(["degraded", "new connections fail: certificate has expired"]);
    monitor.succeeded();
    await clock.advance(4_000);
    expect(state.health).toBe("up");
    await tryAgain();
    await tryAgain();
    expect(state.health).toBe("degraded");
    await clock.advance(30_000);
    expect(state.health).toBe("up");
    expect(events.map(({ type, severity }) => `${type} ${severity}`)).toEqual([
      "backend.degraded medium",
      "backend.up info",
      "backend.degraded medium",
      "backend.up info",
    ]);
  });
});

describe("a check on request", () => {
  it("is made at once and answers with what the backend is after it", async () => {
    const { clock, check, monitor } = await started();
    await clock.advance(500);
    expect(await monitor.checkNow()).toBe("up");
    expect(check.askedAtMs).toEqual([0, 500]);
    await clock.advance(1_999);
    expect(check.askedAtMs).toEqual([0, 500]);
    await clock.advance(1);
    expect(check.askedAtMs).toEqual([0, 500, 2_500]);
  });

  it("waits for the one that is under way", async () => {
    const { clock, check, monitor } = await started();
    check.behaviour = "hangs";
    await clock.advance(3_000);
    let found: BackendHealth | undefined;
    const asked = monitor.checkNow().then((health) => {
      found = health;
    });
    await clock.advance(999);
    expect([found, check.askedAtMs]).toEqual([undefined, [0, 2_000]]);
    await clock.advance(1);
    await asked;
    expect(found).toBe("up");
  });
});

describe("maintenance", () => {
  it("ends the checks, and the first check after it decides", async () => {
    const { clock, check, state, events } = await started();
    state.setAdmin("maint");
    check.behaviour = "refuses";
    await clock.advance(60_000);
    expect([check.askedAtMs, state.health, clock.pending]).toEqual([[0], "up", 0]);
    check.behaviour = "answers";
    state.setAdmin("ready");
    expect(state.acceptsNew).toBe(false);
    await clock.advance(0);
    expect([state.acceptsNew, state.slowStart]).toEqual([true, 0.05]);
    expect(events).toEqual([]);
  });

  it("forgets the check that was under way, and what operations had found", async () => {
    const { clock, check, state, monitor } = await started();
    check.behaviour = "hangs";
    await clock.advance(2_100);
    monitor.failed(closed);
    state.setAdmin("maint");
    check.behaviour = "answers";
    state.setAdmin("ready");
    // Past the time-out of the check that was under way.
    await clock.advance(1_950);
    expect([state.health, check.askedAtMs]).toEqual(["up", [0, 2_000, 2_100]]);
  });

  it("does not begin checks of one that is in it at the start", async () => {
    const { clock, check, state, monitor } = scene();
    state.setAdmin("maint");
    monitor.start();
    await monitor.firstCheck;
    await clock.advance(10_000);
    expect(check.askedAtMs).toEqual([]);
    state.setAdmin("ready");
    await clock.advance(0);
    expect(state.health).toBe("up");
  });

  it("is not drain, in which checks go on", async () => {
    const { clock, check, state } = await started();
    state.setAdmin("drain");
    await clock.advance(4_000);
    expect(check.askedAtMs).toEqual([0, 2_000, 4_000]);
  });
});

describe("what an inspection finds", () => {
  const at = (seconds: number) => new Map([["001", { csn: `${seconds}`.padStart(8, "0"), timeMs: 0 }]]);

  it("is kept in the state: root DSE and writability", async () => {
    const { clock, check, state } = await started();
    const rootDse = [attribute("vendorName", "Example")];
    check.inspection = { rootDse, isWritable: true };
    await clock.advance(2_000);
    check.inspection = {};
    await clock.advance(2_000);
    expect([state.rootDse, state.isWritable, state.answersChecks]).toEqual([rootDse, true, true]);
  });

  it("tells whether the server bears pipelining, which it does until its root DSE says otherwise", async () => {
    const { clock, check, state } = await started();
    expect(state.bearsPipelining).toBe(true);
    check.inspection = { rootDse: [attribute("vendorVersion", "389-Directory/2.3.1 B2025.016.1616")] };
    await clock.advance(2_000);
    expect(state.bearsPipelining).toBe(false);
  });

  it("makes a backend degraded that has lacked a change for too long, and up when it has it", async () => {
    const clock = new ManualClock();
    const lag = new ReplicationLag(clock);
    const { check, state, monitor } = scene({ clock, lag });
    check.inspection = { vector: at(1) };
    monitor.start();
    await clock.advance(0);
    lag.report("b", at(2));
    await clock.advance(30_000);
    expect([state.health, state.lagMs]).toEqual(["up", 30_000]);
    await clock.advance(6_000);
    expect([state.health, state.reason]).toEqual([
      "degraded",
      "it lacks a change that another backend has had for 36 s",
    ]);
    check.inspection = { vector: at(2) };
    await clock.advance(4_000);
    expect([state.health, state.lagMs]).toEqual(["up", 0]);
  });

  it("does not make it late behind a backend that is down", async () => {
    const clock = new ManualClock();
    const lag = new ReplicationLag(clock);
    const all = scene({ clock, lag });
    all.check.inspection = { vector: at(2) };
    all.monitor.start();
    await clock.advance(0);
    lag.report("b", at(1));
    all.check.behaviour = "refuses";
    await clock.advance(60_000);
    expect([all.state.health, all.state.lagMs, lag.lagMs("b")]).toEqual(["down", undefined, 0]);
  });

  it("does not matter for life and death: a backend whose inspection hangs is up", async () => {
    const { clock, check, state } = await started();
    check.inspection = "hangs";
    await clock.advance(60_000);
    expect(state.health).toBe("up");
  });
});

describe("the question whether it takes writes", () => {
  it.each([
    [true, true],
    [false, false],
    [undefined, false],
  ])("answered with %s is %s", async (isWritable, verified) => {
    const { check, state, monitor } = await started();
    check.isWritable = isWritable;
    expect([await monitor.verifyWritable(), state.isWritable]).toEqual([verified, isWritable]);
  });
});

describe("whatever a backend does", () => {
  it("there is never more than one check, one timer for it and one for the next, and its state is what the judge says", async () => {
    const step = fc.record({
      behaviour: fc.constantFrom<Behaviour>("answers", "answers", "hangs", "refuses", "answers badly"),
      failure: fc.option(fc.constantFrom(hung, closed)),
      admin: fc.constantFrom("ready" as const, "ready" as const, "drain" as const, "maint" as const),
      ms: fc.integer({ min: 0, max: 5_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { clock, check, state, monitor, events } = await started();
        for (const { behaviour, failure, admin, ms } of steps) {
          check.behaviour = behaviour;
          state.setAdmin(admin);
          if (failure) monitor.failed(failure);
          await clock.advance(ms);
          expect(clock.pending).toBe(admin === "maint" ? 0 : 1);
        }
        state.setAdmin("ready");
        check.behaviour = "answers";
        // The longest hold-down, and what was under way.
        await clock.advance(8 * 10_000 + 10_000);
        expect(state.health).toBe("up");
        const types = events.map(({ type }) => type);
        expect(types.filter((type, index) => type === types[index - 1])).toEqual([]);
        monitor.stop();
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import type { Notifier, ProcessHost, Service } from "../../src/index.ts";
import { createHealth, createLog, runService } from "../../src/index.ts";

/** Stands in for the process: signals are events, and the end is written down. */
class Host extends EventEmitter implements ProcessHost {
  exitCode: number | undefined;
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

function launch(service: Partial<Service>, options: { drainTimeoutMs?: number } = {}) {
  const host = new Host();
  const events: string[] = [];
  const health = createHealth({ version: "1" });
  const notifier: Notifier = {
    ready: async () => void events.push("notify ready"),
    reloading: async () => void events.push("notify reloading"),
    stopping: async () => void events.push("notify stopping"),
  };
  const log = createLog({
    destination: (line) => {
      const { level, message } = JSON.parse(line);
      events.push(`${level} ${message}`);
    },
  });
  const ended = runService({
    service: { start: async () => {}, drain: async () => {}, ...service },
    logger: log.logger("service"),
    health,
    drainTimeoutMs: options.drainTimeoutMs ?? 5_000,
    host,
    notifier,
  });
  const seen = (event: string) => expect.poll(() => events, { interval: 5 }).toContain(event);
  return { host, events, health, ended, seen };
}

describe("a service", () => {
  it("starts, is ready, drains at SIGTERM and ends with 0", async () => {
    const run = launch({ drain: async () => void run.events.push(`drain ${JSON.stringify(run.health.readiness)}`) });
    expect(run.health.readiness).toEqual({ ready: false, reason: "starting" });
    await run.seen("notify ready");
    expect(run.health.readiness).toEqual({ ready: true });
    run.host.emit("SIGTERM");
    expect(await run.ended).toBe(0);
    expect(run.events).toEqual([
      "INFO ready",
      "notify ready",
      "INFO ending",
      "notify stopping",
      'drain {"ready":false,"reason":"draining"}',
      "INFO ended",
    ]);
    expect([run.host.exitCode, run.host.exits, run.host.eventNames()]).toEqual([0, [], []]);
  });

  it("is dropped when draining takes longer than its time, and ends with 1", async () => {
    let wasAborted = false;
    const run = launch(
      {
        drain: (signal) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => {
              wasAborted = true;
              resolve();
            });
          }),
      },
      { drainTimeoutMs: 20 },
    );
    await run.seen("notify ready");
    run.host.emit("SIGINT");
    expect([await run.ended, wasAborted]).toEqual([1, true]);
    expect(run.events).toContain("WARN the time for draining is up; what is left is dropped");
  });

  it("ends although its drain never does", async () => {
    const run = launch({ drain: () => new Promise(() => {}) }, { drainTimeoutMs: 1 });
    await run.seen("notify ready");
    run.host.emit("SIGTERM");
    expect(await run.ended).toBe(1);
  });

  it("ends at once at the second signal", async () => {
    const drained = Promise.withResolvers<void>();
    const run = launch({ drain: () => drained.promise });
    await run.seen("notify ready");
    run.host.emit("SIGTERM");
    expect(run.host.exits).toEqual([]);
    run.host.emit("SIGINT");
    expect(run.host.exits).toEqual([130]);
    drained.resolve();
    await run.ended;
  });

  it("can be ended while it starts", async () => {
    const run = launch({
      start: (signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("interrupted")))),
      drain: async () => void run.events.push("drain"),
    });
    run.host.emit("SIGTERM");
    expect(await run.ended).toBe(0);
    expect(run.events).toEqual(["INFO ending", "notify stopping", "drain", "INFO ended"]);
  });

  it("drains what a failed start has left, and hands the error on", async () => {
    const run = launch({
      start: async () => {
        throw new Error("EADDRINUSE");
      },
      drain: async () => void run.events.push("drain"),
    });
    await expect(run.ended).rejects.toThrow("EADDRINUSE");
    expect(run.events).toEqual(["notify stopping", "drain"]);
    expect([run.health.readiness, run.host.eventNames()]).toEqual([{ ready: false, reason: "the start failed" }, []]);
  });

  it.each(["uncaughtException", "unhandledRejection"])("logs an %s, drains and ends with 1", async (event) => {
    const run = launch({ drain: async () => void run.events.push("drain") });
    await run.seen("notify ready");
    run.host.emit(event, new Error("bug"));
    expect(await run.ended).toBe(1);
    expect(run.events).toContainEqual(expect.stringMatching(/^FATAL un/));
    expect(run.events).toContain("drain");
  });

  it("goes on after a reload that failed", async () => {
    let reloads = 0;
    const run = launch({
      reload: async () => {
        reloads += 1;
        if (reloads === 1) throw new Error("the key does not belong to the certificate");
      },
    });
    await run.seen("notify ready");
    run.host.emit("SIGHUP");
    await run.seen("ERROR nothing was reloaded; what was loaded before goes on");
    await expect.poll(() => run.events.filter((event) => event === "notify ready")).toHaveLength(2);
    run.host.emit("SIGHUP");
    await run.seen("INFO reloaded");
    expect(run.health.readiness).toEqual({ ready: true });
    run.host.emit("SIGTERM");
    expect(await run.ended).toBe(0);
  });

  it("reloads once more for all the signals that come during a reload, and for one that came during the start", async () => {
    const started = Promise.withResolvers<void>();
    const releases: (() => void)[] = [];
    const run = launch({
      start: () => started.promise,
      reload: () => new Promise((resolve) => releases.push(resolve)),
    });
    run.host.emit("SIGHUP");
    started.resolve();
    await expect.poll(() => releases.length, { interval: 5 }).toBe(1);
    run.host.emit("SIGHUP");
    run.host.emit("SIGHUP");
    releases[0]!();
    await expect.poll(() => releases.length, { interval: 5 }).toBe(2);
    releases[1]!();
    await expect.poll(() => run.events.filter((event) => event === "INFO reloaded")).toHaveLength(2);
    run.host.emit("SIGTERM");
    await run.ended;
    expect(releases).toHaveLength(2);
  });
});

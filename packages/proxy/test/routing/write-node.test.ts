/** Which backend takes writes, and when another does. */
import type { NewEvent } from "@espalier/service";
import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { WriteNode, type WriteNodeOptions } from "../../src/routing/write-node.ts";
import { ManualClock } from "../health/manual-clock.ts";
import { type TestBackend, testBackend } from "./test-backend.ts";

type SceneOptions = Partial<Pick<WriteNodeOptions, "failover" | "verify"> & { initial: number }>;

function scene({ initial, ...options }: SceneOptions = {}) {
  const clock = new ManualClock();
  const backends = ["a", "b", "c"].map((name) => testBackend(name, { clock }));
  const events: NewEvent[] = [];
  const verified: string[] = [];
  const verify = async (backend: Backend) => {
    verified.push(backend.name);
    return true;
  };
  const node = new WriteNode({
    ...{ backends, holdDownMs: 30_000, clock, verify, failover: "automatic" as const },
    events: { emit: (event) => void events.push(event) },
    ...(initial === undefined ? {} : { initial: backends[initial] }),
    ...options,
  });
  const [a, b, c] = backends as [TestBackend, TestBackend, TestBackend];
  return { clock, node, events, verified, a, b, c };
}

describe("the write node", () => {
  it("is the first of the list", () => {
    expect(scene().node.current?.name).toBe("a");
  });

  it("is the one that it was before a restart", () => {
    expect(scene({ initial: 1 }).node.current?.name).toBe("b");
  });

  it("stays the same with another list that it is in, and is the first of one that it is not in", () => {
    const { node, b, c } = scene({ initial: 1 });
    node.setBackends([c, b]);
    expect(node.current).toBe(b);
    const again = testBackend("b");
    node.setBackends([c, again]);
    expect(node.current).toBe(again);
    node.setBackends([c]);
    expect(node.current).toBe(c);
    node.setBackends([]);
    expect(node.current).toBeUndefined();
  });
});

describe("manual failover", () => {
  it("changes nothing however long the write node is down", async () => {
    const { clock, node, a } = scene({ failover: "manual" });
    a.state.setHealth("down", "test");
    await clock.advance(86_400_000);
    expect([node.current, clock.pending]).toEqual([a, 0]);
  });

  it("makes whom the administrator says the write node, and an event of it", () => {
    const { node, events, b } = scene({ failover: "manual" });
    node.choose(b, "root");
    node.choose(b, "root");
    expect(node.current).toBe(b);
    expect(events).toEqual([
      {
        type: "write-node.changed",
        severity: "medium",
        subject: "b",
        source: "proxy",
        actor: "root",
        data: { previous: "a", reason: "chosen by the administrator", failover: "manual" },
        audit: true,
      },
    ]);
  });

  it("refuses a backend that is not of the list", () => {
    const { node } = scene({ failover: "manual" });
    expect(() => node.choose(testBackend("stranger"), "root")).toThrow(
      new RangeError("stranger is not one of the write backends: a, b, c."),
    );
  });
});

describe("automatic failover", () => {
  it("waits out the hold-down, then takes the next that has been seen to take writes", async () => {
    const { clock, node, events, verified, a, b } = scene();
    a.state.setHealth("down", "connection refused");
    await clock.advance(29_999);
    expect([node.current, verified]).toEqual([a, []]);
    await clock.advance(1);
    expect([node.current, verified]).toEqual([b, ["b"]]);
    expect(events).toEqual([
      {
        type: "write-node.changed",
        severity: "high",
        subject: "b",
        source: "proxy",
        data: { previous: "a", reason: "a is down: connection refused", failover: "automatic" },
        audit: true,
      },
    ]);
  });

  it("does not begin when the write node is back before the hold-down is over, and counts anew", async () => {
    const { clock, node, a } = scene();
    a.state.setHealth("down", "test");
    await clock.advance(29_999);
    a.state.setHealth("up", "test");
    await clock.advance(60_000);
    a.state.setHealth("down", "test");
    await clock.advance(29_999);
    expect(node.current).toBe(a);
  });

  it("does not go back", async () => {
    const { clock, node, events, a, b } = scene();
    a.state.setHealth("down", "test");
    await clock.advance(30_000);
    a.state.setHealth("up", "test");
    await clock.advance(86_400_000);
    expect([node.current, events.length]).toEqual([b, 1]);
  });

  it("passes over those that are down, read-only or late, and takes a late one when there is no other", async () => {
    const { clock, node, a, b, c } = scene();
    b.state.setHealth("degraded", "late");
    c.state.setWritable(false);
    a.state.setHealth("down", "test");
    await clock.advance(30_000);
    expect(node.current).toBe(b);
  });

  it("goes on asking as long as nobody says yes to writes", async () => {
    let isWritable = false;
    const { clock, node, verified, a, b } = scene({
      verify: async (backend) => {
        verified.push(backend.name);
        if (backend.name === "c") throw new Error("lost");
        return isWritable;
      },
    });
    a.state.setHealth("down", "test");
    await clock.advance(32_500);
    expect([node.current, verified]).toEqual([a, ["b", "c", "b", "c", "b", "c"]]);
    isWritable = true;
    await clock.advance(1_000);
    expect(node.current).toBe(b);
  });

  it("tells once that writes are refused as no other takes them, and once that they are taken again", async () => {
    let isWritable = false;
    const { clock, node, events, a, b } = scene({ verify: async () => isWritable });
    const told = () => events.splice(0).map(({ type, severity, subject, data }) => ({ type, severity, subject, data }));
    a.state.setHealth("down", "connection refused");
    await clock.advance(29_999);
    expect(told()).toEqual([]);
    await clock.advance(60_000);
    const reason = "a is down: connection refused, and no other of the list takes writes";
    const lost = { type: "write-node.lost", severity: "critical", subject: "a", data: { reason } };
    expect(told()).toEqual([lost]);

    a.state.setHealth("up", "test");
    expect(told()).toEqual([{ type: "write-node.back", severity: "info", subject: "a", data: { writeNode: "a" } }]);

    a.state.setHealth("down", "connection refused");
    await clock.advance(31_000);
    expect(told()).toEqual([lost]);
    isWritable = true;
    await clock.advance(1_000);
    expect(node.current).toBe(b);
    const changed = { previous: "a", reason: "a is down: connection refused", failover: "automatic" };
    expect(told()).toEqual([
      { type: "write-node.changed", severity: "high", subject: "b", data: changed },
      { type: "write-node.back", severity: "info", subject: "a", data: { writeNode: "b" } },
    ]);
  });

  it("begins also when the write node stops taking writes", async () => {
    const { clock, node, events, a, b } = scene();
    a.state.setWritable(false);
    await clock.advance(30_000);
    expect([node.current, events[0]?.data?.reason]).toEqual([b, "a takes no writes"]);
  });

  it("does not wait when an administrator takes the write node out of service", async () => {
    const { clock, node, events, a, b } = scene();
    a.state.setAdmin("drain");
    await clock.advance(0);
    expect([node.current, events[0]?.data?.reason]).toEqual([b, "a is in drain"]);
  });

  it("leaves the write node when it comes back while a successor is being asked", async () => {
    const answer = Promise.withResolvers<boolean>();
    const { clock, node, a } = scene({ verify: () => answer.promise });
    a.state.setHealth("down", "test");
    await clock.advance(30_000);
    a.state.setHealth("up", "test");
    answer.resolve(true);
    await clock.advance(60_000);
    expect(node.current).toBe(a);
  });

  it("counts anew when the write node comes back and goes again while a successor is being asked", async () => {
    const answers = [Promise.withResolvers<boolean>(), Promise.withResolvers<boolean>()];
    let asked = 0;
    const { clock, node, a, b } = scene({ verify: () => answers[asked++]!.promise });
    a.state.setHealth("down", "test");
    await clock.advance(30_000);
    a.state.setHealth("up", "test");
    await clock.advance(1_000);
    a.state.setHealth("down", "test");
    answers[0]!.resolve(true);
    answers[1]!.resolve(true);
    await clock.advance(29_999);
    expect(node.current).toBe(a);
    await clock.advance(1);
    expect(node.current).toBe(b);
  });

  it("comes about although the first successor answers only when a second hold-down is over", async () => {
    const answers = [Promise.withResolvers<boolean>(), Promise.withResolvers<boolean>()];
    let asked = 0;
    const { clock, node, a, b } = scene({ verify: () => answers[asked++]!.promise });
    a.state.setHealth("down", "test");
    await clock.advance(30_000);
    a.state.setHealth("up", "test");
    await clock.advance(1_000);
    a.state.setHealth("down", "test");
    await clock.advance(60_000);
    answers[0]!.resolve(true);
    answers[1]!.resolve(true);
    await clock.advance(0);
    expect(node.current).toBe(b);
  });

  it("ends with stop", async () => {
    const { clock, node, a } = scene();
    a.state.setHealth("down", "test");
    node.stop();
    a.state.setHealth("up", "test");
    a.state.setHealth("down", "test");
    await clock.advance(60_000);
    expect([node.current, clock.pending]).toEqual([a, 0]);
  });
});

/** Reads, writes and binds, and why they go where they go. */
import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { Router } from "../../src/routing/router.ts";
import { createStrategy } from "../../src/routing/strategies.ts";
import { Tier } from "../../src/routing/tier.ts";
import { Tiers } from "../../src/routing/tiers.ts";
import { WriteAffinity } from "../../src/routing/write-affinity.ts";
import { WriteNode } from "../../src/routing/write-node.ts";
import { ManualClock } from "../health/manual-clock.ts";
import { nobody, type TestBackend, tally, testBackend, times } from "./test-backend.ts";

function scene() {
  const clock = new ManualClock();
  const backends = ["a", "b", "c"].map((name) => testBackend(name, { clock }));
  const [a, b, c] = backends as [TestBackend, TestBackend, TestBackend];
  const tiers = new Tiers([
    new Tier(createStrategy("round-robin", Math.random), [a, b], Math.random),
    new Tier(createStrategy("round-robin", Math.random), [c], Math.random),
  ]);
  const writeNode = new WriteNode({
    ...{ backends: [a, b], failover: "manual", holdDownMs: 30_000, clock },
    verify: async () => true,
    events: { emit: () => {} },
  });
  const router = new Router({ tiers, writeNode, affinity: new WriteAffinity({ afterWriteMs: 5_000, clock }) });
  return { clock, router, a, b, c };
}

const anonymous = { client: {} };

describe("a read", () => {
  it("goes where the tier's strategy says", () => {
    const { router, a, b } = scene();
    expect(times(2, () => router.chooseRead(anonymous, nobody))).toEqual([
      { backend: a, reason: "round-robin" },
      { backend: b, reason: "round-robin" },
    ]);
  });

  it("goes elsewhere when it is tried again", () => {
    const { router, a, b, c } = scene();
    const tried = new Set<Backend>();
    const order = times(4, () => {
      const choice = router.chooseRead(anonymous, tried);
      if (choice) tried.add(choice.backend);
      return choice?.backend;
    });
    expect(order).toEqual([a, b, c, undefined]);
  });

  it("follows its client's write for a while, by name over another connection too", () => {
    const { clock, router, b } = scene();
    router.wrote({ client: {}, bindDn: "uid=ann" }, b);
    const read = () => router.chooseRead({ client: {}, bindDn: "uid=ann" }, nobody);
    expect(times(4, read)).toEqual(times(4, () => ({ backend: b, reason: "after-write" })));
    clock.jump(5_000);
    expect(times(4, read).map((choice) => choice?.reason)).toEqual(times(4, () => "round-robin"));
  });

  it("does not follow a write to a backend that was tried, is down or in maintenance", () => {
    const { router, a, b } = scene();
    router.wrote(anonymous, b);
    const read = (exclude = nobody) => times(2, () => router.chooseRead(anonymous, exclude)?.backend);
    expect(read(new Set([b]))).toEqual([a, a]);
    b.state.setAdmin("maint");
    expect(read()).toEqual([a, a]);
    b.state.setAdmin("ready");
    b.state.setHealth("down", "test");
    expect(read()).toEqual([a, a]);
  });

  it("follows a write to a backend that is being drained or has no weight", () => {
    const { router, b } = scene();
    router.wrote(anonymous, b);
    b.state.setAdmin("drain");
    b.weight = 0;
    expect(router.chooseRead(anonymous, nobody)).toEqual({ backend: b, reason: "after-write" });
  });
});

describe("a write", () => {
  it("goes to the write node, also one without a share of the reads", () => {
    const { router, a } = scene();
    a.weight = 0;
    expect(router.chooseWrite(nobody)).toEqual({ backend: a, reason: "write-node" });
  });

  it("goes nowhere while the write node is down or in maintenance, or was tried", () => {
    const { router, a } = scene();
    expect(router.chooseWrite(new Set([a]))).toBeUndefined();
    a.state.setHealth("down", "test");
    expect(router.chooseWrite(nobody)).toBeUndefined();
    a.state.setHealth("up", "test");
    a.state.setAdmin("maint");
    expect(router.chooseWrite(nobody)).toBeUndefined();
  });

  it("goes on to a write node that is being drained: nobody else may take it", () => {
    const { router, a } = scene();
    a.state.setAdmin("drain");
    expect(router.chooseWrite(nobody)).toEqual({ backend: a, reason: "write-node" });
  });

  it("is tried at the write node when every backend is down", () => {
    const { router, a, b, c } = scene();
    for (const { state } of [a, b, c]) state.setHealth("down", "test");
    expect(router.chooseWrite(nobody)).toEqual({ backend: a, reason: "panic" });
  });
});

describe("a bind", () => {
  const dns = times(100, (index) => `uid=user${index}`);
  const binds = (router: Router, exclude = nobody) => dns.map((dn) => router.chooseBind(dn, exclude)?.backend);

  it("of one name always goes to the same backend of the first tier, of many to all", () => {
    const { router, a, b, c } = scene();
    expect(binds(router)).toEqual(binds(router));
    const counts = tally(binds(router));
    expect(Object.keys(counts).sort()).toEqual([a.name, b.name]);
    a.state.setHealth("down", "test");
    b.state.setHealth("down", "test");
    expect(tally(binds(router))).toEqual({ [c.name]: 100 });
    expect(router.chooseBind("uid=ann", nobody)?.reason).toBe("bind-hash");
  });

  it("goes where the entry was changed a moment ago: a password just reset works at once", () => {
    const { clock, router, a } = scene();
    const elsewhere = dns.filter((dn) => router.chooseBind(dn, nobody)?.backend !== a);
    for (const dn of elsewhere) router.wrote({ client: {}, bindDn: "cn=helpdesk" }, a, dn);
    expect(elsewhere.length).toBeGreaterThan(20);
    for (const dn of elsewhere) {
      expect(router.chooseBind(dn, nobody)).toEqual({ backend: a, reason: "after-write" });
    }
    clock.jump(5_000);
    for (const dn of elsewhere) expect(router.chooseBind(dn, nobody)?.backend).not.toBe(a);
  });

  it("is tried somewhere when every backend is down", () => {
    const { router, a, b, c } = scene();
    for (const { state } of [a, b, c]) state.setHealth("down", "test");
    expect(router.chooseBind("uid=ann", nobody)?.reason).toBe("panic");
    expect(router.chooseBind("uid=ann", new Set([a, b, c]))).toBeUndefined();
  });
});

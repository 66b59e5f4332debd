import { forEachDatabase } from "@espalier/tests/lab";
import { describe, expect, it } from "vitest";
import { createMetrics, type NewEvent, type Retention, sql } from "../../src/index.ts";
import { createEventLog, openTestStore } from "../store/databases.ts";

const dayMs = 86_400_000;
const retention: Retention = {
  critical: 400 * dayMs,
  high: 400 * dayMs,
  medium: 180 * dayMs,
  low: 90 * dayMs,
  info: 30 * dayMs,
  audit: "forever",
};
const now = 1_000 * dayMs;
const event: NewEvent = { type: "a.b", severity: "info", subject: "s", source: "test" };
const daysAgo = (days: number) => ({ time: now - days * dayMs });

forEachDatabase((databases) => {
  describe("retention", () => {
    it("removes events that are older than their severity is kept", async () => {
      const metrics = createMetrics();
      const log = createEventLog(await openTestStore(await databases.create()), { now: () => now, metrics });
      await Promise.all([
        log.append({ ...event, subject: "old", ...daysAgo(31) }),
        log.append({ ...event, subject: "young", ...daysAgo(30) }),
        log.append({ ...event, subject: "graver", severity: "low", ...daysAgo(31) }),
        log.append({ ...event, subject: "old and grave", severity: "critical", ...daysAgo(401) }),
      ]);
      await log.retain(retention);
      const { events } = await log.query({ order: "oldest first" });
      expect(events.map(({ subject }) => subject)).toEqual(["graver", "young"]);
      expect(await metrics.text()).toContain('espalier_events_removed_total{kind="critical"} 1');
    });

    it("removes more than fit into one transaction", async () => {
      const log = createEventLog(await openTestStore(await databases.create()), { now: () => now });
      await Promise.all(Array.from({ length: 1_200 }, () => log.append({ ...event, ...daysAgo(31) })));
      await log.retain(retention);
      expect((await log.query({})).events).toEqual([]);
    });

    it("keeps the audit trail, whatever its age", async () => {
      const log = createEventLog(await openTestStore(await databases.create()), { now: () => now });
      await log.append({ ...event, audit: true, ...daysAgo(999) });
      await log.retain(retention);
      expect(await log.verifyChain()).toMatchObject({ isWhole: true, links: 1 });
    });

    it("trims the audit trail's beginning where that is wanted, and the chain says so and stays whole", async () => {
      const log = createEventLog(await openTestStore(await databases.create()), { now: () => now });
      const ages = [500, 450, 300, 420, 10];
      const stored = [];
      for (const days of ages) stored.push(await log.append({ ...event, audit: true, ...daysAgo(days) }));
      const trimming = { ...retention, audit: 400 * dayMs };
      await log.retain(trimming);
      // The fourth is old too, but comes after one that is not.
      const kept = (await log.query({ audit: true, order: "oldest first" })).events;
      expect(kept.map(({ link, type }) => [link?.number, type])).toEqual([
        [4, "a.b"],
        [3, "a.b"],
        [5, "a.b"],
        [6, "audit.trimmed"],
      ]);
      expect(kept.at(-1)).toMatchObject({ audit: true, data: { links: 2, upTo: 2, hash: stored[1]?.link?.hash } });
      expect(await log.verifyChain()).toMatchObject({ isWhole: true, links: 4, trimmedUpTo: 2 });
      await log.retain(trimming);
      expect(await log.verifyChain()).toMatchObject({ isWhole: true, links: 4, trimmedUpTo: 2 });
      expect(await log.verifyChain(stored[2]?.link)).toMatchObject({ isWhole: true });
      await expect(log.verifyChain(stored[0]?.link)).rejects.toThrow("is older than what retention has kept");
    });

    it.each([
      ["an ordinary event", false],
      ["one of the audit trail", true],
    ])("lets a dedupe key go with its event: of %s", async (_what, audit) => {
      let time = now;
      const log = createEventLog(await openTestStore(await databases.create()), {
        now: () => time,
        dedupeWindowMs: 1_000 * dayMs,
      });
      const { time: _, ...keyed } = { ...event, time: 0, dedupeKey: "k", audit };
      const first = await log.append(keyed);
      time += 500 * dayMs;
      await log.retain({ ...retention, audit: 400 * dayMs });
      expect((await log.append(keyed)).id).not.toBe(first.id);
    });

    it("stores an event whose dedupe key an older version left to one that it had removed", async () => {
      const store = await openTestStore(await databases.create());
      const log = createEventLog(store, { now: () => now });
      const { time: _, ...keyed } = { ...event, time: 0, dedupeKey: "k" };
      const first = await log.append(keyed);
      await store.write((transaction) => transaction.run(sql`DELETE FROM events WHERE id = ${first.id}`));
      const next = await log.append(keyed);
      expect((await log.query({})).events.map(({ id }) => id)).toEqual([next.id]);
    });

    it("leaves a dedupe key to the later event that has it", async () => {
      let time = now;
      const log = createEventLog(await openTestStore(await databases.create()), { now: () => time });
      const { time: _, ...keyed } = { ...event, time: 0, dedupeKey: "k" };
      const first = await log.append(keyed, { dedupeWindowMs: dayMs });
      time += 2 * dayMs;
      const later = await log.append(keyed, { dedupeWindowMs: 100 * dayMs });
      time += 29 * dayMs;
      await log.retain(retention);
      const kept = (await log.query({})).events.map(({ id }) => id);
      expect([kept.includes(first.id), (await log.append(keyed)).id]).toEqual([false, later.id]);
    });

    it("may run on two nodes at the same time, while a third writes", async () => {
      const url = await databases.create();
      const nodes = await Promise.all(
        [0, 1, 2].map(async () => createEventLog(await openTestStore(url), { now: () => now })),
      );
      await Promise.all(
        Array.from({ length: 600 }, (_, index) =>
          nodes[0]!.append({ ...event, audit: index % 2 === 0, ...daysAgo(450) }),
        ),
      );
      const trimming = { ...retention, audit: 400 * dayMs };
      await Promise.all([
        nodes[0]!.retain(trimming),
        nodes[1]!.retain(trimming),
        ...Array.from({ length: 50 }, () => nodes[2]!.append({ ...event, audit: true, time: now })),
      ]);
      const report = await nodes[0]!.verifyChain();
      expect(report).toMatchObject({ isWhole: true, trimmedUpTo: 300 });
    });
  });
});

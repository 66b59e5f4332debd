import { setTimeout as delay } from "node:timers/promises";
import { type EventLog, type Store, sql } from "@espalier/service";
import { ChildServer, forEachDatabase, onPostgres, Random, until } from "@espalier/tests/lab";
import { describe, expect, it, onTestFinished } from "vitest";
import { createEventLog, openTestStore } from "./databases.ts";
import { type Endpoint, startEndpoint } from "./endpoint.ts";

const program = new URL("./node.ts", import.meta.url).pathname;

/** A process that routes and delivers. */
async function startNode(
  url: string,
  { port }: Endpoint,
  { name, concurrency = 8, lease = "1s" }: { name: string; concurrency?: number; lease?: string },
): Promise<ChildServer> {
  const node = new ChildServer(process.execPath, [program, url, String(port), name, String(concurrency), lease]);
  onTestFinished(async () => {
    await node.kill();
  });
  await node.ready(() => node.log.includes("ready"), 60_000);
  return node;
}

/** Resolves to the ids of the events. */
async function report(log: EventLog, count: number, subject: string): Promise<readonly string[]> {
  const event = { type: "webhook.received", severity: "info", source: "hooks/test" } as const;
  const stored = await Promise.all(
    Array.from({ length: count }, (_, index) => log.append({ ...event, subject: `${subject} ${index}` })),
  );
  return stored.map(({ id }) => id);
}

async function statesOf(store: Store) {
  const rows = await store.all<{ readonly state: string; readonly count: number }>(
    sql`SELECT state, count(*) AS count FROM deliveries GROUP BY state`,
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}

forEachDatabase((databases) => {
  it("a node that is killed twenty times at any moment delivers every event, and repeats only what was under way", async () => {
    const rounds = 20;
    const [eventsOfRound, concurrency] = [100, 8];
    const random = new Random(Date.now() % 100_000);
    const url = await databases.create();
    const store = await openTestStore(url);
    const log = createEventLog(store);
    const endpoint = await startEndpoint({ failures: 0.1 });
    const reported: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const node = await startNode(url, endpoint, { name: `round ${round}`, concurrency });
      const reporting = report(log, eventsOfRound, `round ${round}`);
      await delay(random.below(700));
      await node.kill();
      reported.push(...(await reporting));
    }
    await startNode(url, endpoint, { name: "last", concurrency });
    const total = rounds * eventsOfRound;
    await until(
      "every event's delivery",
      async () => {
        const states = await statesOf(store);
        return states.delivered === total && Object.keys(states).length === 1;
      },
      { timeoutMs: 60_000, intervalMs: 200 },
    );

    const accepted = endpoint.receipts.filter(({ isAccepted }) => isAccepted);
    // Every event, and nothing that was not reported.
    expect(new Set(accepted.flatMap(({ eventIds }) => eventIds))).toEqual(new Set(reported));
    // Every event was routed once.
    const links = await store.all<{ readonly event_id: string }>(sql`SELECT event_id FROM delivery_events`);
    expect(links.length).toBe(total);
    expect(new Set(links.map((link) => link.event_id)).size).toBe(total);
    // No attempt was made twice.
    const attempts = endpoint.receipts.map(({ deliveryId, attempt }) => `${deliveryId} ${attempt}`);
    expect(new Set(attempts).size).toBe(attempts.length);
    // What arrived again had been under way when its node was killed.
    const repeated = accepted.length - total;
    expect(repeated).toBeLessThanOrEqual(rounds * concurrency);
    const lost = await store.all<{ readonly delivery_id: string }>(
      sql`SELECT delivery_id FROM delivery_failures WHERE reason LIKE ${"the node %"}`,
    );
    const lostIds = new Set(lost.map((each) => each.delivery_id));
    const times = Map.groupBy(accepted, ({ deliveryId }) => deliveryId);
    const repeatedIds = [...times].filter(([, each]) => each.length > 1).map(([id]) => id);
    expect(repeatedIds.filter((id) => !lostIds.has(id))).toEqual([]);
  }, 300_000);
});

onPostgres((databases) => {
  describe("two nodes", () => {
    it("share 10,000 deliveries, and make each of them once", async () => {
      const url = await databases.create();
      const store = await openTestStore(url);
      const endpoint = await startEndpoint();
      const names = ["one", "other"];
      const nodes = await Promise.all(names.map((name) => startNode(url, endpoint, { name, lease: "60s" })));
      const ids = await report(createEventLog(store), 10_000, "shared");
      await until("all deliveries", async () => (await statesOf(store)).delivered === ids.length, {
        timeoutMs: 200_000,
        intervalMs: 500,
      });
      expect(endpoint.receipts.length).toBe(ids.length);
      expect(new Set(endpoint.receipts.flatMap(({ eventIds }) => eventIds))).toEqual(new Set(ids));
      const shares = names.map((name) => endpoint.receipts.filter(({ node }) => node === name).length);
      expect(Math.min(...shares)).toBeGreaterThan(ids.length / 10);
      expect(nodes.map(({ isRunning }) => isRunning)).toEqual([true, true]);
    }, 300_000);

    it("lose one: the other goes on at once, and has the rest within the lease", async () => {
      const leaseMs = 3_000;
      const url = await databases.create();
      const store = await openTestStore(url);
      const endpoint = await startEndpoint({ delayMs: 25 });
      const options = { concurrency: 16, lease: `${leaseMs}ms` };
      const lost = await startNode(url, endpoint, { ...options, name: "lost" });
      await startNode(url, endpoint, { ...options, name: "left" });
      const ids = await report(createEventLog(store), 5_000, "shared");
      await until("both to be at it", () => {
        const of = (name: string) => endpoint.receipts.filter(({ node }) => node === name).length;
        return of("lost") > 100 && of("left") > 100 && endpoint.underWay("lost") > 0;
      });
      await lost.kill();
      const killedAt = Date.now();
      await until("all deliveries", async () => (await statesOf(store)).delivered === ids.length, {
        timeoutMs: 120_000,
      });
      expect(new Set(endpoint.receipts.flatMap(({ eventIds }) => eventIds))).toEqual(new Set(ids));
      const after = endpoint.receipts.filter(({ node, at }) => node === "left" && at > killedAt);
      expect(after[0]!.at - killedAt).toBeLessThan(1_000);
      const abandoned = await store.all<{ readonly id: string }>(
        sql`SELECT delivery_id AS id FROM delivery_failures WHERE reason LIKE ${"the node %"}`,
      );
      expect(abandoned.length).toBeGreaterThan(0);
      const retaken = after.filter(({ deliveryId }) => abandoned.some(({ id }) => id === deliveryId));
      expect(retaken.length).toBe(abandoned.length);
      // Its leases began before it was killed; the other has messages of its own under way when they end.
      for (const { at } of retaken) expect(at - killedAt).toBeLessThan(leaseMs + 3_000);
    }, 300_000);
  });
});

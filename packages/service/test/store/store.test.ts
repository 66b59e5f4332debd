import { forEachDatabase, type StoreDatabases, until } from "@espalier/tests/lab";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createMetrics, type Store, StoreError, sql, type Transaction } from "../../src/index.ts";
import { startChild } from "../child.ts";
import { openTestStore, recordingLogger } from "./databases.ts";

/** A store with a table of the test's own. */
async function openWithCounters(databases: StoreDatabases, url: string): Promise<Store> {
  const store = await openTestStore(url);
  await databases.alter(url, "CREATE TABLE IF NOT EXISTS counters (name text PRIMARY KEY, value integer NOT NULL)");
  return store;
}

const increment = (name: string) =>
  sql`INSERT INTO counters (name, value) VALUES (${name}, 1) ON CONFLICT (name) DO UPDATE SET value = counters.value + 1`;

async function codeOf(attempt: Promise<unknown>): Promise<unknown> {
  const failure = await attempt.catch((error: unknown) => error);
  return failure instanceof StoreError ? failure.code : failure;
}

forEachDatabase((databases) => {
  describe("writing", () => {
    it("resolves to what the work returns, once others can read it", async () => {
      const url = await databases.create();
      const store = await openWithCounters(databases, url);
      const reader = await openTestStore(url);
      const changed = await store.write((transaction) => transaction.run(increment("a")));
      expect(changed).toBe(1);
      expect(await reader.first(sql`SELECT name, value FROM counters`)).toEqual({ name: "a", value: 1 });
    });

    it("gathers what is asked for in one turn into one commit", async () => {
      const metrics = createMetrics();
      const store = await openTestStore(await databases.create(), { metrics });
      await Promise.all(
        Array.from({ length: 100 }, () => store.write((transaction) => transaction.run(sql`DELETE FROM events`))),
      );
      expect(await metrics.text()).toContain("\nespalier_store_commits_total 1\n");
      expect(await metrics.text()).toContain("\nespalier_store_write_duration_seconds_count 100\n");
    });

    it("shows each piece of work what the ones before it did", async () => {
      const store = await openWithCounters(databases, await databases.create());
      const readThenWrite = async (transaction: Transaction) => {
        const before = await transaction.first<{ value: number }>(sql`SELECT value FROM counters WHERE name = 'a'`);
        await transaction.run(increment("a"));
        return before?.value ?? 0;
      };
      const seen = await Promise.all(Array.from({ length: 50 }, () => store.write(readThenWrite)));
      expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => index));
    });

    it("keeps nothing of work that throws, and all of the work that was asked for beside it", async () => {
      const metrics = createMetrics();
      const url = await databases.create();
      const store = await openTestStore(url, { metrics });
      await databases.alter(url, "CREATE TABLE counters (name text PRIMARY KEY, value integer NOT NULL)");
      const asked = Array.from({ length: 10 }, (_, index) =>
        store.write(async (transaction) => {
          await transaction.run(increment(`c${index}`));
          if (index === 4) throw new RangeError("not this one");
          return index;
        }),
      );
      const outcomes = await Promise.allSettled(asked);
      expect(outcomes.flatMap(({ status }, index) => (status === "rejected" ? [index] : []))).toEqual([4]);
      expect(outcomes[4]).toMatchObject({ reason: expect.any(RangeError) });
      const rows = await store.all<{ name: string; value: number }>(
        sql`SELECT name, value FROM counters ORDER BY name`,
      );
      expect(rows).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9].map((index) => ({ name: `c${index}`, value: 1 })));
      expect(await metrics.text()).toContain('espalier_store_write_failures_total{code="refused by its writer"} 1');
    });

    it("tells a broken constraint from another refusal", async () => {
      const store = await openWithCounters(databases, await databases.create());
      const insert = (transaction: Transaction) =>
        transaction.run(sql`INSERT INTO counters (name, value) VALUES ('a', 1)`);
      await store.write(insert);
      expect(await codeOf(store.write(insert))).toBe("ERR_STORE_CONSTRAINT");
      expect(await codeOf(store.write((transaction) => transaction.run(sql`INSERT INTO nowhere VALUES (1)`)))).toBe(
        "ERR_STORE_QUERY",
      );
      expect(await codeOf(store.all(sql`SELECT * FROM nowhere`))).toBe("ERR_STORE_QUERY");
      expect(store.check().status).toBe("ok");
    });

    it("is refused when a statement had failed, though its work caught the error", async () => {
      const store = await openWithCounters(databases, await databases.create());
      const work = async (transaction: Transaction) => {
        await transaction.run(increment("a"));
        await transaction.run(sql`INSERT INTO nowhere VALUES (1)`).catch(() => undefined);
      };
      expect(await codeOf(store.write(work))).toBe("ERR_STORE_QUERY");
      expect(await store.all(sql`SELECT * FROM counters`)).toEqual([]);
    });

    it("is refused for the reason of a statement that it did not wait for, and what was asked for beside it is kept", async () => {
      const store = await openWithCounters(databases, await databases.create());
      const insert = sql`INSERT INTO counters (name, value) VALUES ('a', 1)`;
      await store.write((transaction) => transaction.run(insert));
      const sending = store.write((transaction) => {
        transaction.send(increment("b"));
        transaction.send(insert);
      });
      const beside = store.write((transaction) => transaction.run(increment("c")));
      expect([await codeOf(sending), await beside]).toEqual(["ERR_STORE_CONSTRAINT", 1]);
      const rows = await store.all<{ name: string }>(sql`SELECT name FROM counters ORDER BY name`);
      expect(rows.map(({ name }) => name)).toEqual(["a", "c"]);
    });

    it("refuses statements after its work has ended", async () => {
      const store = await openWithCounters(databases, await databases.create());
      const late = await store.write((transaction) => transaction);
      await expect(late.run(increment("a"))).rejects.toThrow(/wait for every statement/);
      expect(() => late.wake("x")).toThrow(/wait for every statement/);
      expect(() => late.send(increment("a"))).toThrow(/wait for every statement/);
    });

    it("gives up work that never ends, and goes on with the others", async () => {
      vi.useFakeTimers({ toFake: ["setTimeout"] });
      onTestFinished(() => {
        vi.useRealTimers();
      });
      const store = await openWithCounters(databases, await databases.create());
      const hanging = Promise.withResolvers<Transaction>();
      const endless = store.write((transaction) => {
        hanging.resolve(transaction);
        return new Promise<void>(() => undefined);
      });
      const transaction = await hanging.promise;
      const after = store.write((late) => late.run(increment("a")));
      vi.advanceTimersByTime(30_000);
      await expect(endless).rejects.toThrow("took longer than 30000 ms");
      vi.useRealTimers();
      await after;
      await expect(transaction.run(increment("a"))).rejects.toThrow(/has ended/);
      expect(await store.first(sql`SELECT value FROM counters`)).toEqual({ value: 1 });
    });

    it("gets through when two nodes lock the same rows in different orders", async () => {
      const url = await databases.create();
      const [one, other] = [await openWithCounters(databases, url), await openTestStore(url)];
      const both = (first: string, second: string) => async (transaction: Transaction) => {
        await transaction.run(increment(first));
        await transaction.run(increment(second));
      };
      for (let round = 0; round < 10; round += 1) {
        await Promise.all([one.write(both("a", "b")), other.write(both("b", "a"))]);
      }
      expect(await one.all(sql`SELECT * FROM counters ORDER BY name`)).toEqual([
        { name: "a", value: 20 },
        { name: "b", value: 20 },
      ]);
    });

    it("runs a final step once for all the work of a commit", async () => {
      const store = await openWithCounters(databases, await databases.create());
      const committed: string[][] = [];
      const step = {
        begin: (): string[] => [],
        run: async (transaction: Transaction, names: string[]) => {
          await transaction.run(increment(`total of ${names.length}`));
        },
        committed: (names: string[]) => {
          committed.push(names);
        },
      };
      await Promise.all(
        ["a", "b", "c"].map((name) =>
          store.write((transaction) => {
            transaction.atEnd(step).push(name);
          }),
        ),
      );
      expect(committed).toEqual([["a", "b", "c"]]);
      expect(await store.all(sql`SELECT * FROM counters`)).toEqual([{ name: "total of 3", value: 1 }]);
    });

    it("finishes what was asked for when the store is closed, and takes nothing more", async () => {
      const url = await databases.create();
      const store = await openWithCounters(databases, url);
      const asked = Array.from({ length: 5 }, () => store.write((transaction) => transaction.run(increment("a"))));
      await store.close();
      await Promise.all(asked);
      expect(await codeOf(store.write((transaction) => transaction.run(increment("a"))))).toBe("ERR_STORE_CLOSED");
      expect(await codeOf(store.all(sql`SELECT 1 AS one`))).toBe("ERR_STORE_CLOSED");
      expect(await (await openTestStore(url)).first(sql`SELECT value FROM counters`)).toEqual({ value: 5 });
    });
  });

  describe("a wake-up", () => {
    const wake = (store: Store, channel: string) =>
      store.write((transaction) => {
        transaction.wake(channel);
        return transaction.run(sql`UPDATE event_head SET position = position + 1`);
      });

    it("reaches listeners of the channel in this process and on another node", async () => {
      const url = await databases.create();
      const [one, other] = [await openTestStore(url), await openTestStore(url)];
      let [here, there, elsewhere] = [0, 0, 0];
      one.onWake("deliveries", () => (here += 1));
      other.onWake("deliveries", () => (there += 1));
      one.onWake("sessions", () => (elsewhere += 1));
      // Each listener is called once by itself when listening has begun.
      await until("the listening", () => here >= 1 && there >= 1 && elsewhere >= 1);
      [here, there, elsewhere] = [0, 0, 0];
      await wake(one, "deliveries");
      await until("the wake-ups", () => here >= 1 && there >= 1);
      expect(elsewhere).toBe(0);
    });

    it("does not reach who has stopped listening", async () => {
      const store = await openTestStore(await databases.create());
      let [kept, stopped] = [0, 0];
      store.onWake("x", () => (kept += 1));
      store.onWake("x", () => (stopped += 1))();
      await wake(store, "x");
      await until("the wake-up", () => kept > 0);
      expect(stopped).toBe(0);
    });
  });

  it("numbers come back as numbers, beyond 32 bits too", async () => {
    const store = await openTestStore(await databases.create());
    await store.write((transaction) => transaction.run(sql`UPDATE event_head SET position = ${8_000_000_000_000}`));
    expect(await store.first(sql`SELECT position FROM event_head`)).toEqual({ position: 8_000_000_000_000 });
  });

  if (databases.kind === "postgres") {
    it("an outage is told once, refuses writes meanwhile, and ends by itself", async () => {
      const { logger, lines } = recordingLogger();
      const metrics = createMetrics();
      const store = await openTestStore(await databases.create(), { logger, metrics });
      const attempt = () => store.write((transaction) => transaction.run(sql`DELETE FROM events`));
      await attempt();
      await databases.server.stop();
      try {
        const failures = await Promise.all(Array.from({ length: 5 }, () => codeOf(attempt())));
        expect(failures).toEqual(Array(5).fill("ERR_STORE_UNAVAILABLE"));
        expect(store.check()).toMatchObject({ status: "error", database: "postgres" });
        expect(await metrics.text()).toContain("\nespalier_store_available 0\n");
      } finally {
        await databases.server.start();
      }
      await attempt();
      expect(store.check().status).toBe("ok");
      expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
        "INFO applied migration service/0001-events",
        "INFO applied migration service/0002-dedupe-without-reference",
        "ERROR the store is away",
        "INFO the store is back",
      ]);
      expect(JSON.stringify(lines)).not.toContain("p%40ss");
    });

    it("a restart of the server between two writes is not noticed", async () => {
      const store = await openTestStore(await databases.create());
      const attempt = () => store.write((transaction) => transaction.run(sql`DELETE FROM events`));
      await attempt();
      await databases.server.stop();
      await databases.server.start();
      await attempt();
    });

    it("a user who may not create tables is told so", async () => {
      const url = await databases.create();
      await databases.alter(url, "CREATE ROLE reader LOGIN PASSWORD 'r'");
      const failure = await openTestStore(url.replace(/espalier:[^@]*@/, "reader:r@")).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: "ERR_STORE_SCHEMA",
        message: expect.stringContaining("its user must be allowed to create tables"),
      });
    });

    it("a node that freezes in the midst of a transaction does not stop the others for good", async () => {
      const url = await databases.create();
      const store = await openTestStore(url);
      const frozen = startChild(new URL("./freezer.ts", import.meta.url), [url]);
      await until("the lock", () => frozen.lines.includes("locked"), { timeoutMs: 20_000 });
      frozen.process.kill("SIGSTOP");
      await store
        .write((transaction) => transaction.run(sql`UPDATE event_head SET position = 7`))
        .catch(() => undefined);
      await store.write((transaction) => transaction.run(sql`UPDATE event_head SET position = 8`));
      expect(await store.first(sql`SELECT position FROM event_head`)).toEqual({ position: 8 });
    }, 120_000);
  } else {
    it("a write waits for another process that has the file locked", async () => {
      const url = await databases.create();
      const store = await openWithCounters(databases, url);
      const locker = startChild(new URL("./freezer.ts", import.meta.url), [url]);
      await until("the lock", () => locker.lines.includes("locked"), { timeoutMs: 20_000 });
      let isDone = false;
      const write = store
        .write((transaction) => transaction.run(increment("a")))
        .then(() => {
          isDone = true;
        });
      await store.all(sql`SELECT * FROM counters`);
      expect(isDone).toBe(false);
      locker.process.kill("SIGKILL");
      await write;
    });
  }
});

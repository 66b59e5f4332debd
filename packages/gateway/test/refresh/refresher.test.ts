/** Keeping the snapshot current: outages, what is skipped, and users that are looked up meanwhile. */
import { renameSync } from "node:fs";
import { createLog } from "@espalier/service";
import { describe, expect, it } from "vitest";
import { until } from "../../../../tests/lab/until.ts";
import type { Population } from "../../src/refresh/population.ts";
import { Refresher } from "../../src/refresh/refresher.ts";
import { listEntries } from "../support/entry-list.ts";
import { newPopulation } from "../support/sample-directory.ts";
import { type UserRow, UserTables } from "../support/user-tables.ts";
import { WatchedSource } from "../support/watched-source.ts";

const ann: UserRow = { username: "ann", uid_number: 1000, gid_number: 5 };

interface Scene {
  readonly tables: UserTables;
  readonly source: WatchedSource;
  readonly population: Population;
  readonly refresher: Refresher;
  readonly log: { level: string; message: string; [field: string]: unknown }[];
  readonly clock: { ms: number };
  /** Resolves after another whole pass, or attempt at one. */
  nextPass(): Promise<void>;
}

async function withRefresher(use: (scene: Scene) => Promise<void>, { intervalMs = 3_600_000 } = {}): Promise<void> {
  using tables = new UserTables();
  tables.putUser(1, ann);
  tables.putGroup(1, { name: "staff", gid_number: 5 });
  const source = new WatchedSource(tables.open());
  const population = newPopulation();
  const log: Scene["log"] = [];
  const clock = { ms: Date.UTC(2026, 0, 1) };
  let passes = 0;
  const refresher = new Refresher({
    source,
    population,
    intervalMs,
    serveForMs: 60_000,
    log: createLog({ destination: (line) => void log.push(JSON.parse(line)) }).logger("refresh"),
    now: () => clock.ms,
    onPass: () => void passes++,
  });
  refresher.start();
  await refresher.loaded;
  const nextPass = async () => {
    const before = passes;
    refresher.soon();
    await until("a pass", () => passes > before);
  };
  await until("the first pass to end", () => passes > 0);
  try {
    await use({ tables, source, population, refresher, log, clock, nextPass });
  } finally {
    await refresher.stop();
    await source.close();
  }
}

const usersOf = (population: Population) => listEntries(population.snapshot).flatMap(({ user }) => user.uid ?? []);

describe("an outage", () => {
  it("leaves what is served for a stated time, and is over with the next pass that succeeds", async () => {
    await withRefresher(async ({ tables, population, refresher, clock, log, nextPass }) => {
      const loadedAt = clock.ms;
      renameSync(tables.path, `${tables.path}.away`);
      clock.ms += 1_000;
      await nextPass();
      expect(usersOf(population)).toEqual(["ann"]);
      expect([refresher.isServing(), refresher.isCurrent(), refresher.outageSinceMs, refresher.lastSuccessMs]).toEqual([
        true,
        false,
        clock.ms,
        loadedAt,
      ]);
      clock.ms += 59_999;
      await nextPass();
      expect(refresher.isServing()).toBe(true);
      clock.ms += 1;
      expect(refresher.isServing()).toBe(false);
      expect(usersOf(population)).toEqual(["ann"]);
      renameSync(`${tables.path}.away`, tables.path);
      await nextPass();
      expect([refresher.isServing(), refresher.isCurrent(), refresher.outageSinceMs, refresher.lastError]).toEqual([
        true,
        true,
        undefined,
        undefined,
      ]);
      expect(log.filter(({ level }) => level === "ERROR")).toHaveLength(1);
      expect(log.at(-1)).toMatchObject({ message: "The user database can be read again.", awayMs: 60_000 });
    });
  });

  it("at the start serves nothing until the database is there", async () => {
    using tables = new UserTables();
    tables.putUser(1, ann);
    renameSync(tables.path, `${tables.path}.away`);
    const source = tables.open();
    const log = createLog({ destination: () => {} }).logger("refresh");
    const population = newPopulation();
    const refresher = new Refresher({ source, population, intervalMs: 20, serveForMs: 60_000, log, now: Date.now });
    refresher.start();
    await until("the outage", () => refresher.outageSinceMs !== undefined);
    expect([refresher.isLoaded, refresher.isServing()]).toEqual([false, false]);
    renameSync(`${tables.path}.away`, tables.path);
    await refresher.loaded;
    expect(refresher.isServing()).toBe(true);
    await refresher.stop();
    await source.close();
  });
});

describe("a refresh", () => {
  it("reads nothing where the database says that nothing has changed", async () => {
    await withRefresher(async ({ tables, source, population, nextPass }) => {
      await nextPass();
      await nextPass();
      expect(source.counts).toMatchObject({ users: 1, groups: 1 });
      tables.putUser(2, { username: "bob", uid_number: 1001, gid_number: 5 });
      await nextPass();
      expect(usersOf(population)).toEqual(["ann", "bob"]);
      expect(source.counts.users).toBe(2);
    });
  });

  it("is made again for a change that was committed while it was reading", async () => {
    await withRefresher(async ({ tables, source, population, nextPass }) => {
      tables.putUser(2, { username: "bob", uid_number: 1001, gid_number: 5 });
      const hold = source.hold("groups");
      const pass = nextPass();
      await hold.reached;
      tables.putUser(3, { username: "cid", uid_number: 1002, gid_number: 5 });
      hold.release();
      await pass;
      await nextPass();
      expect(usersOf(population)).toEqual(["ann", "bob", "cid"]);
    });
  });

  it("counts rows that cannot be served each time and names them once", async () => {
    await withRefresher(async ({ tables, refresher, log, nextPass }) => {
      tables.putUser(2, { username: "bob", uid_number: 0, gid_number: 5 });
      await nextPass();
      tables.putUser(3, { username: "cid", uid_number: 1, gid_number: 5 });
      await nextPass();
      expect(refresher.skipped).toHaveLength(1);
      expect(log.filter(({ level }) => level === "WARN").map(({ user }) => user)).toEqual(["bob"]);
    });
  });

  it("stops at once while it waits for the next", async () => {
    const began = performance.now();
    await withRefresher(async () => {});
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

describe("a user that is looked up", () => {
  const bob: UserRow = { username: "bob", uid_number: 1001, gid_number: 9 };
  const addBob = (tables: UserTables) => {
    tables.putUser(2, bob);
    tables.join("bob", "staff");
  };

  it("is served with its groups before the next refresh", async () => {
    await withRefresher(async ({ tables, population, refresher, nextPass }) => {
      addBob(tables);
      expect(await refresher.load("bob")).toBe(true);
      const found = listEntries(population.snapshot);
      await nextPass();
      expect(listEntries(population.snapshot)).toEqual(found);
      expect(found.find(({ dn }) => dn.startsWith("uid=bob"))?.operational.memberOf).toEqual([
        "cn=staff,dc=example,dc=com",
      ]);
    });
  });

  it.each(["users", "groups", "memberships"] as const)(
    "while a refresh is at the %s is not lost, and not named as a duplicate",
    async (read) => {
      await withRefresher(async ({ tables, source, population, refresher, nextPass }) => {
        tables.putUser(5, { username: "eve", uid_number: 1005, gid_number: 5 });
        const hold = source.hold(read);
        const pass = nextPass();
        await hold.reached;
        addBob(tables);
        expect(await refresher.load("bob")).toBe(true);
        expect(usersOf(population)).toContain("bob");
        hold.release();
        await pass;
        expect(usersOf(population)).toEqual(["ann", "bob", "eve"]);
        expect(refresher.skipped).toEqual([]);
        await until("the pass behind it", () => source.counts.users >= 3);
        await until("its end", () => refresher.isCurrent());
        const { memberUid } = listEntries(population.snapshot).find(({ dn }) => dn.startsWith("cn=staff"))!.user;
        expect(memberUid).toEqual(["bob"]);
      });
    },
  );

  it("and was suspended in that moment is gone after the next refresh", async () => {
    await withRefresher(async ({ tables, source, population, refresher, nextPass }) => {
      addBob(tables);
      const hold = source.hold("groupsOf");
      const load = refresher.load("bob");
      await hold.reached;
      tables.putUser(2, { ...bob, status: "suspended" });
      await nextPass();
      hold.release();
      expect(await load).toBe(true);
      await nextPass();
      expect(usersOf(population)).toEqual(["ann"]);
    });
  });

  it.each([
    ["not there", {}],
    ["suspended", { ...bob, status: "suspended" }],
    ["no entry", { ...bob, uid_number: null }],
  ])("and is %s is not served", async (_, row) => {
    await withRefresher(async ({ tables, population, refresher }) => {
      if ("username" in row) tables.putUser(2, row);
      expect(await refresher.load("bob")).toBe(false);
      expect(usersOf(population)).toEqual(["ann"]);
    });
  });
});

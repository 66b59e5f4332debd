import { forEachDatabase } from "@espalier/tests/lab";
import { describe, expect, it } from "vitest";
import { EventError, type NewEvent, sql } from "../../src/index.ts";
import { createEventLog, hourMs, openTestStore } from "../store/databases.ts";

const backendDown: NewEvent = {
  type: "backend.down",
  severity: "high",
  subject: "ldaps://ldap1.example.com",
  source: "proxy",
  data: { tier: "main", failures: 3 },
  time: 1_700_000_000_000,
};

const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);

forEachDatabase((databases) => {
  describe("an event", () => {
    it("is read back as it was reported, with an id, and its place in the log", async () => {
      const log = createEventLog(await openTestStore(await databases.create()));
      const entered: NewEvent = { ...backendDown, actor: "uid=admin,dc=example,dc=com", dedupeKey: "ldap1 down" };
      const stored = await log.append(entered);
      expect(stored).toEqual({ ...entered, id: uuid, position: 1, audit: false });
      expect(await log.get(stored.id)).toEqual(stored);
      expect((await log.query({})).events).toEqual([stored]);
    });

    it("has the time at which it was reported unless it says another", async () => {
      const log = createEventLog(await openTestStore(await databases.create()), { now: () => 1_234_567 });
      const { time: _, ...now } = backendDown;
      expect((await log.append(now)).time).toBe(1_234_567);
    });

    it("survives a subject from a stranger: too long, with NUL and half a surrogate pair", async () => {
      const log = createEventLog(await openTestStore(await databases.create()));
      const { subject } = await log.append({ ...backendDown, subject: `\0\ud800${"€".repeat(600)}` });
      expect(subject).toBe(`\ufffd\ufffd${"€".repeat(509)}…`);
    });

    it.each([
      ["a type without a dot", { type: "down" }, /^type: must be dotted/],
      ["an upper-case type", { type: "Backend.down" }, /^type: must be dotted/],
      ["a severity of its own", { severity: "fatal" }, /^severity: /],
      ["an empty subject", { subject: "" }, /^subject: /],
      ["data that refers to itself", { data: circular() }, /^data: is no JSON/],
      ["a megabyte of data", { data: { text: "x".repeat(1_100_000) } }, /^data: has 1100011 characters/],
      ["a time that is none", { time: Number.NaN }, /^time: /],
    ])("is refused with %s", async (_, change, message) => {
      const log = createEventLog(await openTestStore(await databases.create()));
      const failure = await log.append({ ...backendDown, ...change } as NewEvent).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(EventError);
      expect(failure).toMatchObject({ code: "ERR_EVENT", message: expect.stringMatching(message) });
    });

    it("is stored without what looks like a secret in its data", async () => {
      const log = createEventLog(await openTestStore(await databases.create()));
      const { id } = await log.append({
        ...backendDown,
        data: { password: "hunter2", nested: { apiKey: "k" }, url: "https://u:pw@example.com/", text: "kept" },
      });
      expect((await log.get(id))?.data).toEqual({
        password: "[secret]",
        nested: { apiKey: "[secret]" },
        url: "https://u:[secret]@example.com/",
        text: "kept",
      });
    });
  });

  describe("a dedupe key", () => {
    it("keeps a second event out while its window lasts, and not after", async () => {
      let now = 1_000_000;
      const log = createEventLog(await openTestStore(await databases.create()), { now: () => now });
      const event = { ...backendDown, dedupeKey: "k" };
      const first = await log.append(event);
      now += hourMs - 1;
      expect(await log.append({ ...event, severity: "low" })).toEqual(first);
      now += 1;
      const second = await log.append(event);
      expect(second.id).not.toBe(first.id);
      expect((await log.query({})).events).toEqual([second, first]);
    });

    it("counts within one commit, and however many report at the same time", async () => {
      const store = await openTestStore(await databases.create());
      const log = createEventLog(store);
      const stored = await Promise.all(
        Array.from({ length: 50 }, (_, index) => log.append({ ...backendDown, dedupeKey: `k${index % 5}` })),
      );
      expect(new Set(stored.map(({ id }) => id)).size).toBe(5);
      expect((await log.query({})).events).toHaveLength(5);
    });

    it("holds for two nodes that report in different orders", async () => {
      const url = await databases.create();
      const [one, other] = [createEventLog(await openTestStore(url)), createEventLog(await openTestStore(url))];
      const keys = Array.from({ length: 40 }, (_, index) => `k${index}`);
      const stored = await Promise.all([
        ...keys.map((dedupeKey) => one.append({ ...backendDown, dedupeKey })),
        ...keys.toReversed().map((dedupeKey) => other.append({ ...backendDown, dedupeKey })),
      ]);
      expect(new Set(stored.map(({ id }) => id)).size).toBe(40);
      expect((await one.query({ limit: 100 })).events).toHaveLength(40);
    });

    it("has the window that its event is added with", async () => {
      let now = 1_000_000;
      const log = createEventLog(await openTestStore(await databases.create()), { now: () => now });
      const event = { ...backendDown, dedupeKey: "k" };
      const first = await log.append(event, { dedupeWindowMs: 10 });
      now += 10;
      expect((await log.append(event)).id).not.toBe(first.id);
    });
  });

  describe("an event that is added to a transaction", () => {
    const table = `CREATE TABLE deliveries (
      event_id text NOT NULL REFERENCES events (id) DEFERRABLE INITIALLY DEFERRED, channel text NOT NULL
    )`;

    it("is stored together with a row that refers to it", async () => {
      const url = await databases.create();
      const store = await openTestStore(url);
      await databases.alter(url, table);
      const log = createEventLog(store);
      const { id } = await store.write(async (transaction) => {
        const appended = await log.appendWith(transaction, backendDown);
        await transaction.run(sql`INSERT INTO deliveries (event_id, channel) VALUES (${appended.id}, ${"mail"})`);
        return appended;
      });
      expect(await store.all(sql`SELECT * FROM deliveries`)).toEqual([{ event_id: id, channel: "mail" }]);
      expect((await log.get(id))?.subject).toBe(backendDown.subject);
    });

    it("is not stored when the rest of it fails", async () => {
      const store = await openTestStore(await databases.create());
      const log = createEventLog(store);
      const failing = store.write(async (transaction) => {
        await log.appendWith(transaction, backendDown);
        throw new RangeError("no");
      });
      const [other] = await Promise.all([log.append(backendDown), expect(failing).rejects.toThrow(RangeError)]);
      expect((await log.query({})).events).toEqual([other]);
    });

    it("many at once are told apart: new ones, the same again, and the same among them", async () => {
      const store = await openTestStore(await databases.create());
      const log = createEventLog(store);
      const known = await log.append({ ...backendDown, dedupeKey: "known" });
      const keys = ["b", "known", "a", "b", undefined];
      const prepared = keys.map((dedupeKey) => log.prepare({ ...backendDown, ...(dedupeKey && { dedupeKey }) }));
      const appended = await store.write((transaction) => log.appendEachAtEnd(transaction, prepared));
      const outcomes = appended();
      const [b] = outcomes;
      expect(outcomes).toEqual([
        { id: uuid, isDuplicate: false },
        { id: known.id, isDuplicate: true },
        { id: uuid, isDuplicate: false },
        { id: b?.id, isDuplicate: true },
        { id: uuid, isDuplicate: false },
      ]);
      const { events } = await log.query({ order: "oldest first" });
      expect(events.map(({ dedupeKey, position }) => [position, dedupeKey])).toEqual([
        [1, "known"],
        [2, "b"],
        [3, "a"],
        [4, undefined],
      ]);
    });

    it("more than one statement takes are numbered without a gap, also beside one of the audit trail", async () => {
      const store = await openTestStore(await databases.create());
      const log = createEventLog(store);
      const many = Array.from({ length: 120 }, (_, index) => ({ ...backendDown, dedupeKey: `k${index % 100}` }));
      const outcomes = await store.write((transaction) =>
        log.appendEachAtEnd(
          transaction,
          many.map((event) => log.prepare(event)),
        ),
      );
      expect(outcomes().filter((outcome) => outcome?.isDuplicate).length).toBe(20);
      await store.write((transaction) => {
        const again = [...many, { ...backendDown, audit: true }, backendDown].map((event) => log.prepare(event));
        return log.appendEachAtEnd(transaction, again);
      });
      const { events } = await log.query({ order: "oldest first", limit: 200 });
      expect(events.map(({ position }) => position)).toEqual(Array.from({ length: 102 }, (_, index) => index + 1));
      expect(events.map(({ dedupeKey }) => dedupeKey)).toEqual([
        ...Array.from({ length: 100 }, (_, index) => `k${index}`),
        undefined,
        undefined,
      ]);
    });

    it("is not stored where what is no event has its key, until that has gone or is not asked for", async () => {
      const store = await openTestStore(await databases.create());
      const log = createEventLog(store);
      const prepare = (...keys: readonly string[]) =>
        keys.map((dedupeKey) => log.prepare({ ...backendDown, dedupeKey }));
      const isTaken = sql`claims.key IN (${"elsewhere"}, ${"both"})`;
      const [outcomes, beside] = await Promise.all([
        store.write((transaction) => log.appendEachAtEnd(transaction, prepare("mine", "elsewhere", "both"), isTaken)),
        log.append({ ...backendDown, dedupeKey: "both" }),
      ]);
      expect(outcomes()).toEqual([{ id: uuid, isDuplicate: false }, undefined, { id: beside.id, isDuplicate: true }]);
      await store.write((transaction) => log.appendEachAtEnd(transaction, prepare("elsewhere"), sql`false`));
      const { events } = await log.query({ order: "oldest first" });
      expect(events.map(({ dedupeKey, position }) => [position, dedupeKey])).toEqual([
        [1, "mine"],
        [2, "both"],
        [3, "elsewhere"],
      ]);
    });

    it("says that it is a duplicate, so that nothing is done twice", async () => {
      const store = await openTestStore(await databases.create());
      const log = createEventLog(store);
      const event = { ...backendDown, dedupeKey: "k" };
      const appended = await store.write(async (transaction) => [
        await log.appendWith(transaction, event),
        await log.appendWith(transaction, event),
      ]);
      const id = appended[0]?.id;
      expect(appended).toEqual([
        { id, isDuplicate: false },
        { id, isDuplicate: true },
      ]);
    });
  });
});

function circular(): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  data.self = data;
  return data;
}

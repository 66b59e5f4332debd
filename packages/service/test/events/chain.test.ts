import { forEachDatabase, until } from "@espalier/tests/lab";
import { describe, expect, it } from "vitest";
import { type EventLog, type NewEvent, sql } from "../../src/index.ts";
import { startChild } from "../child.ts";
import { createEventLog, openTestStore } from "../store/databases.ts";

const change: NewEvent = {
  type: "entry.modified",
  severity: "info",
  subject: "uid=jane,dc=example,dc=com",
  source: "manager",
  actor: "uid=admin,dc=example,dc=com",
  data: { attribute: "mail" },
  audit: true,
};

/** Ten links, with an event between each two that is none. */
async function fill(log: EventLog): Promise<void> {
  await Promise.all(
    Array.from({ length: 10 }, (_, index) => [
      log.append({ ...change, subject: `uid=user${index + 1}`, time: 1_000 + index }),
      log.append({ ...change, audit: false }),
    ]).flat(),
  );
}

forEachDatabase((databases) => {
  describe("the chain of the audit trail", () => {
    it("is whole when nothing was changed, and ends in the newest event's hash", async () => {
      const log = createEventLog(await openTestStore(await databases.create()));
      expect(await log.verifyChain()).toEqual({
        isWhole: true,
        links: 0,
        head: { number: 0, hash: "" },
        trimmedUpTo: 0,
      });
      await fill(log);
      const [newest] = (await log.query({ audit: true, limit: 1 })).events;
      expect(newest?.link?.number).toBe(10);
      expect(await log.verifyChain()).toEqual({ isWhole: true, links: 10, head: newest?.link, trimmedUpTo: 0 });
    });

    it.each([
      ["a subject", "UPDATE events SET subject = 'uid=mallory' WHERE link = 4", 4],
      ["an actor", "UPDATE events SET actor = NULL WHERE link = 4", 4],
      ["a time", "UPDATE events SET time = time + 1 WHERE link = 4", 4],
      ["a severity", "UPDATE events SET severity = 3 WHERE link = 4", 4],
      ["a position", "UPDATE events SET position = 1000 WHERE link = 4", 4],
      ["the value in its data", `UPDATE events SET data = '{"attribute":"uid"}' WHERE link = 4`, 4],
      ["the spelling of its data", `UPDATE events SET data = '{"attribute": "mail"}' WHERE link = 4`, 4],
      ["its data to no JSON", `UPDATE events SET data = '{' WHERE link = 4`, 4],
      ["a hash", "UPDATE events SET hash = repeat_a WHERE link = 4", 4],
      ["the last event's hash", "UPDATE events SET hash = repeat_a WHERE link = 10", 10],
      ["the first event", "UPDATE events SET type = 'entry.deleted' WHERE link = 1", 1],
    ])("names the link when somebody changes %s", async (_, statement, link) => {
      const url = await databases.create();
      const log = createEventLog(await openTestStore(url));
      await fill(log);
      await databases.alter(url, statement.replace("repeat_a", `'${"a".repeat(64)}'`));
      const [tampered] = (await log.query({ audit: true, limit: 1_000 })).events.filter(
        (each) => each.link?.number === link,
      );
      expect(await log.verifyChain()).toEqual({
        isWhole: false,
        link,
        ...(tampered === undefined ? {} : { eventId: tampered.id }),
        reason: expect.stringMatching(/^its (data|hash) /),
      });
    });

    it.each([
      ["deletes an event in the middle", "DELETE FROM events WHERE link = 4", 4],
      ["deletes the first", "DELETE FROM events WHERE link = 1", 1],
      ["deletes the last", "DELETE FROM events WHERE link = 10", 10],
      ["deletes all", "DELETE FROM events", 1],
      ["takes an event out of the trail", "UPDATE events SET link = NULL, hash = NULL WHERE link = 4", 4],
      ["cuts the end off and says so", "DELETE FROM events WHERE link > 8; UPDATE event_head SET link = 9", 9],
      ["forgets where it ends", "DELETE FROM event_head", 1],
      ["moves its beginning", "UPDATE event_head SET trimmed_link = 3", 4],
    ])("names the first link that is missing when somebody %s", async (_, statement, link) => {
      const url = await databases.create();
      const log = createEventLog(await openTestStore(url));
      await fill(log);
      await databases.alter(url, statement);
      expect(await log.verifyChain()).toMatchObject({ isWhole: false, link });
    });

    it("names the first of two events that were exchanged", async () => {
      const url = await databases.create();
      const log = createEventLog(await openTestStore(url));
      await fill(log);
      await databases.alter(
        url,
        `UPDATE events SET link = 1000 WHERE link = 4; UPDATE events SET link = 4 WHERE link = 7;
         UPDATE events SET link = 7 WHERE link = 1000`,
      );
      expect(await log.verifyChain()).toMatchObject({ isWhole: false, link: 4 });
    });

    it("finds an event that was put at its end", async () => {
      const url = await databases.create();
      const log = createEventLog(await openTestStore(url));
      await fill(log);
      await databases.alter(
        url,
        `INSERT INTO events (position, id, time, type, severity, subject, source, link, hash)
         VALUES (1000, 'x', 1, 'entry.modified', 4, 's', 'manager', 11, 'h')`,
      );
      expect(await log.verifyChain()).toEqual({
        isWhole: false,
        link: 11,
        reason: "it is beyond where the chain ends",
      });
    });

    it("finds by a head that was noted that all of it was made anew", async () => {
      const [url, forged] = [await databases.create(), await databases.create()];
      const log = createEventLog(await openTestStore(url));
      await fill(log);
      const report = await log.verifyChain();
      const noted = report.isWhole ? report.head : undefined;
      await log.append(change);
      expect(await log.verifyChain(noted)).toMatchObject({ isWhole: true, links: 11 });
      const other = createEventLog(await openTestStore(forged));
      await fill(other);
      expect(await other.verifyChain(noted)).toMatchObject({ isWhole: false, link: 10 });
      expect(await log.verifyChain({ number: 12, hash: "x" })).toMatchObject({ isWhole: false, link: 12 });
    });

    it("is one chain when several nodes append to it at the same time", async () => {
      const url = await databases.create();
      const logs = await Promise.all(Array.from({ length: 3 }, async () => createEventLog(await openTestStore(url))));
      await Promise.all(
        logs.flatMap((log, node) =>
          Array.from({ length: 200 }, (_, index) => log.append({ ...change, subject: `node ${node} ${index}` })),
        ),
      );
      expect(await logs[0]?.verifyChain()).toMatchObject({ isWhole: true, links: 600 });
    });

    it("loses nothing that was acknowledged, and stays whole, when its writers are killed", async () => {
      const url = await databases.create();
      const program = new URL("./writer.ts", import.meta.url);
      const acknowledged: string[] = [];
      for (let round = 0; round < 5; round += 1) {
        const writers = ["a", "b"].map((name) => startChild(program, [url, `${name}${round}`]));
        for (const [index, writer] of writers.entries()) {
          await until("acknowledged events", () => writer.lines.length > 50 + 40 * index, { timeoutMs: 20_000 });
          writer.process.kill("SIGKILL");
          await writer.ended;
          acknowledged.push(...writer.lines.slice(1));
        }
      }
      const store = await openTestStore(url);
      const log = createEventLog(store);
      const rows = await store.all<{ readonly subject: string }>(sql`SELECT subject FROM events`);
      const stored = new Set(rows.map(({ subject }) => subject));
      expect(acknowledged.filter((subject) => !stored.has(subject))).toEqual([]);
      expect(await log.verifyChain()).toMatchObject({ isWhole: true, links: stored.size });
    }, 120_000);
  });
});

import { forEachDatabase, postgresDatabases, requirePrograms, until } from "@espalier/tests/lab";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type NewEvent, sql } from "../../src/index.ts";
import { createEventLog, openTestStore } from "../store/databases.ts";

const event: NewEvent = { type: "user.changed", severity: "info", subject: "uid=ada", source: "manager" };

interface Reported {
  readonly key?: string | undefined;
  readonly audit: boolean;
  readonly mayBeTaken: boolean;
}

const reported: fc.Arbitrary<Reported> = fc.record({
  key: fc.option(fc.constantFrom("a", "b", "c", "taken"), { nil: undefined }),
  audit: fc.boolean(),
  mayBeTaken: fc.boolean(),
});
/** Those without one of the audit trail are sent to PostgreSQL as one statement. */
const commit = fc.oneof(
  fc.array(reported, { minLength: 1, maxLength: 8 }),
  fc.array(
    reported.map((each) => ({ ...each, audit: false })),
    { minLength: 1, maxLength: 80 },
  ),
);

/** Which of a commit's events are stored, by the rules. @param owned the keys that events have already */
function stored(events: readonly Reported[], owned: Set<string>): readonly Reported[] {
  const owners = new Map<string, Reported>();
  for (const mayBeTaken of [false, true]) {
    for (const each of events.filter((one) => one.mayBeTaken === mayBeTaken)) {
      if (each.key === undefined || owned.has(each.key) || (mayBeTaken && each.key === "taken")) continue;
      owned.add(each.key);
      owners.set(each.key, each);
    }
  }
  return events.filter((each) => each.key === undefined || owners.get(each.key) === each);
}

forEachDatabase((databases) => {
  describe("the events of a commit", () => {
    it("are those whose keys are free, numbered in their order without a gap, and linked where they are audited", async () => {
      const store = await openTestStore(await databases.create());
      const log = createEventLog(store);
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(commit, { minLength: 1, maxLength: 4 }), async (commits) => {
          run += 1;
          const owned = new Set<string>();
          const keyOf = (key: string) => `${run} ${key}`;
          let end = await log.headPosition();
          for (const [number, events] of commits.entries()) {
            const prepared = events.map(({ key, audit }, index) =>
              log.prepare({ ...event, audit, data: { number, index }, ...(key && { dedupeKey: keyOf(key) }) }),
            );
            await store.write((transaction) => {
              for (const [index, each] of prepared.entries()) {
                const isTaken = events[index]?.mayBeTaken ? sql`claims.key = ${keyOf("taken")}` : undefined;
                log.appendEachAtEnd(transaction, [each], isTaken);
              }
            });
            const expected = stored(events, owned);
            const rows = await store.all(
              sql`SELECT position, data, link IS NOT NULL AS linked FROM events WHERE position > ${end} ORDER BY position`,
            );
            expect(
              rows.map(({ position, data, linked }) => [position, JSON.parse(String(data)), Boolean(linked)]),
            ).toEqual(
              expected.map((each, index) => [end + index + 1, { number, index: events.indexOf(each) }, each.audit]),
            );
            end += expected.length;
            expect(await log.headPosition()).toBe(end);
          }
        }),
        { numRuns: 40 },
      );
      expect(await log.verifyChain()).toMatchObject({ isWhole: true });
    });
  });
});

requirePrograms({ postgres: "postgresql-15", initdb: "postgresql-15", psql: "postgresql-15" })(
  "an event of one node while another node commits",
  () => {
    const databases = postgresDatabases();

    it("waits, and comes after what the other one stored", async () => {
      const url = await databases.create();
      const [store, otherStore] = [await openTestStore(url), await openTestStore(url)];
      const [log, otherLog] = [createEventLog(store), createEventLog(otherStore)];
      const isWaiting = async () => {
        const waiting = sql`SELECT 1 AS one FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        return (await store.all(waiting)).length > 0;
      };
      const [locked, mayCommit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const held = store.write(async (transaction) => {
        await transaction.run(sql`UPDATE event_head SET position = position`);
        locked.resolve();
        await mayCommit.promise;
        await log.appendWith(transaction, { ...event, subject: "first", dedupeKey: "k" });
      });
      await locked.promise;
      const [second, third] = [
        otherLog.append({ ...event, subject: "second" }),
        otherLog.append({ ...event, subject: "third", dedupeKey: "l" }),
      ];
      await until("the other node waits", isWaiting);
      mayCommit.resolve();
      await held;
      expect([(await second).position, (await third).position]).toEqual([2, 3]);
      const rows = await store.all(sql`SELECT position, subject FROM events ORDER BY position`);
      expect(rows.map(({ position, subject }) => [position, subject])).toEqual([
        [1, "first"],
        [2, "second"],
        [3, "third"],
      ]);
    });
  },
);

import { forEachDatabase } from "@espalier/tests/lab";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatCursor, parseCursor } from "../../src/events/cursor.ts";
import {
  EventError,
  type EventLog,
  type EventQuery,
  type NewEvent,
  type StoredEvent,
  severities,
} from "../../src/index.ts";
import { createEventLog, openTestStore } from "../store/databases.ts";

const types = ["backend.down", "backend.up", "backend.health.failed", "backends.listed", "bind.refused"];
const subjects = ["ldap1", "ldap2", "uid=jane"];

const event: fc.Arbitrary<NewEvent> = fc.record({
  type: fc.constantFrom(...types),
  severity: fc.constantFrom(...severities),
  subject: fc.constantFrom(...subjects),
  source: fc.constant("proxy"),
  // Few, so that many events have the same.
  time: fc.integer({ min: 0, max: 5 }),
  audit: fc.boolean(),
});

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const query: fc.Arbitrary<EventQuery> = fc
  .record({
    types: optional(
      fc.uniqueArray(fc.constantFrom(...types, "backend.*", "backend.health.*", "none.*"), { maxLength: 3 }),
    ),
    severities: optional(fc.uniqueArray(fc.constantFrom(...severities), { maxLength: 3 })),
    subject: optional(fc.constantFrom(...subjects)),
    audit: optional(fc.constant(true)),
    from: optional(fc.integer({ min: 0, max: 5 })),
    until: optional(fc.integer({ min: 0, max: 6 })),
    order: optional(fc.constantFrom("newest first", "oldest first")),
    limit: fc.integer({ min: 1, max: 7 }),
  })
  .map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as EventQuery);

/** What the answer should be, from all the events there are. */
function expected(events: readonly StoredEvent[], query: EventQuery): readonly StoredEvent[] {
  const { types, severities, subject, audit, from, until, order } = query;
  const isOfType = (type: string, wanted: string) =>
    wanted.endsWith(".*") ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
  const found = events
    .filter((each) => types === undefined || types.some((wanted) => isOfType(each.type, wanted)))
    .filter((each) => severities === undefined || severities.includes(each.severity))
    .filter((each) => subject === undefined || each.subject === subject)
    .filter((each) => audit !== true || each.audit)
    .filter((each) => (from === undefined || each.time >= from) && (until === undefined || each.time < until))
    .sort((one, other) => one.time - other.time || one.position - other.position);
  return order === "oldest first" ? found : found.reverse();
}

/** All pages, put together. */
async function pages(log: EventLog, query: EventQuery): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = [];
  let cursor: string | undefined;
  do {
    const page = await log.query({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    expect(page.events.length).toBeLessThanOrEqual(query.limit ?? 50);
    events.push(...page.events);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return events;
}

forEachDatabase((databases) => {
  describe("a query", () => {
    it("answers, page by page, what a look at every event would find", async () => {
      const log = createEventLog(await openTestStore(await databases.create()));
      const entered = fc.sample(event, { numRuns: 120, seed: 7 });
      const stored = await Promise.all(entered.map((each) => log.append(each)));
      await fc.assert(
        fc.asyncProperty(query, async (asked) => {
          expect(await pages(log, asked)).toEqual(expected(stored, asked));
        }),
        { numRuns: 150 },
      );
    }, 120_000);

    it("goes on at the same place when events are added between two pages", async () => {
      const log = createEventLog(await openTestStore(await databases.create()));
      const add = (time: number) => log.append({ type: "a.b", severity: "info", subject: "s", source: "test", time });
      const old = [await add(1), await add(2), await add(3)];
      const first = await log.query({ limit: 2 });
      expect(first.events.map(({ time }) => time)).toEqual([3, 2]);
      await add(4);
      const second = await log.query({ limit: 2, cursor: first.cursor! });
      expect(second).toEqual({ events: [old[0]] });
    });

    it.each<[EventQuery, string]>([
      [{ limit: 0 }, "ERR_EVENT_QUERY"],
      [{ limit: 1_001 }, "ERR_EVENT_QUERY"],
      [{ types: ["backend"] }, "ERR_EVENT_QUERY"],
      [{ types: ["backend.%"] }, "ERR_EVENT_QUERY"],
      [{ types: ["*"] }, "ERR_EVENT_QUERY"],
      [{ severities: ["fatal" as "high"] }, "ERR_EVENT_QUERY"],
      [{ cursor: "x" }, "ERR_EVENT_CURSOR"],
    ])("%j is refused", async (asked, code) => {
      const log = createEventLog(await openTestStore(await databases.create()));
      const failure = await log.query(asked).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(EventError);
      expect(failure).toMatchObject({ code });
    });
  });
});

describe("a cursor", () => {
  const position = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

  it("is read back as it was written, and needs no escaping in an URL", () => {
    fc.assert(
      fc.property(position, position, (time, position) => {
        const text = formatCursor({ time, position });
        expect(parseCursor(text)).toEqual({ time, position });
        expect(encodeURIComponent(text)).toBe(text);
      }),
    );
  });

  it("is refused when it is any other text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        const attempt = () => formatCursor(parseCursor(text));
        let read: string;
        try {
          read = attempt();
        } catch (error) {
          expect(error).toMatchObject({ code: "ERR_EVENT_CURSOR" });
          return;
        }
        expect(read).toBe(text);
      }),
    );
  });
});

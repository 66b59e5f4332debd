import { postgresDatabases, requirePrograms, sqliteDatabases, until } from "@espalier/tests/lab";
import { describe, expect, it } from "vitest";
import { createMetrics, logEventSink, type NewEvent, Secret, type Store, sql } from "../../src/index.ts";
import { createEventLog, openTestStore, recordingLogger } from "../store/databases.ts";

const refused: NewEvent = { type: "bind.refused", severity: "low", subject: "uid=jane", source: "gateway", time: 0 };

async function storedSubjects(store: Store): Promise<unknown[]> {
  return (await store.all(sql`SELECT subject FROM events ORDER BY position`)).map(({ subject }) => subject);
}

describe("an event that is emitted", () => {
  it("is stored a little later, in the order in which they were reported", async () => {
    const metrics = createMetrics();
    const store = await openTestStore(await sqliteDatabases().create());
    const log = createEventLog(store, { metrics });
    const subjects = Array.from({ length: 700 }, (_, index) => `uid=user${index}`);
    for (const subject of subjects) log.emit({ ...refused, subject });
    expect(await metrics.text()).toContain("\nespalier_events_waiting 700\n");
    await log.close();
    expect(await storedSubjects(store)).toEqual(subjects);
    expect(await metrics.text()).toContain('\nespalier_events_stored_total{severity="low"} 700\n');
    expect(await metrics.text()).toContain("\nespalier_events_waiting 0\n");
  });

  it("that is none is logged and counted, and throws nothing", async () => {
    const { logger, lines } = recordingLogger();
    const metrics = createMetrics();
    const log = createEventLog(await openTestStore(await sqliteDatabases().create()), { logger, metrics });
    const wrong = [{ ...refused, type: "nonsense" }, { ...refused, data: { big: 1n } }, null, 7, { type: Symbol("x") }];
    for (const event of wrong) log.emit(event as unknown as NewEvent);
    expect(lines).toHaveLength(wrong.length);
    expect(lines[0]).toMatchObject({
      level: "INFO",
      message: "event nonsense",
      type: "nonsense",
      severity: "low",
      subject: "uid=jane",
      source: "gateway",
      time: "1970-01-01T00:00:00.000Z",
      notStored: "no event",
    });
    expect(await metrics.text()).toContain('espalier_events_unstored_total{reason="no event"} 5');
  });

  it("is logged with its content when too many wait already", async () => {
    const { logger, lines } = recordingLogger();
    const metrics = createMetrics();
    const store = await openTestStore(await sqliteDatabases().create());
    const log = createEventLog(store, { logger, metrics });
    for (let index = 0; index < 10_003; index += 1) log.emit({ ...refused, subject: `uid=user${index}` });
    expect(lines.map(({ subject, notStored }) => [subject, notStored])).toEqual([
      ["uid=user10000", "too many wait"],
      ["uid=user10001", "too many wait"],
      ["uid=user10002", "too many wait"],
    ]);
    expect(await metrics.text()).toContain('espalier_events_unstored_total{reason="too many wait"} 3');
    await log.close();
    expect(await storedSubjects(store)).toHaveLength(10_000);
  });

  it("after the end is logged", async () => {
    const { logger, lines } = recordingLogger();
    const log = createEventLog(await openTestStore(await sqliteDatabases().create()), { logger });
    await log.close();
    log.emit(refused);
    expect(lines).toEqual([expect.objectContaining({ subject: "uid=jane", notStored: "closed" })]);
  });

  it("that the database refuses is logged, and those beside it are stored", async () => {
    const { logger, lines } = recordingLogger();
    const url = await sqliteDatabases().create();
    const store = await openTestStore(url);
    await sqliteDatabases().alter(
      url,
      `CREATE TRIGGER refusal BEFORE INSERT ON events WHEN NEW.subject = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END`,
    );
    const log = createEventLog(store, { logger });
    for (const subject of ["a", "bad", "b"]) log.emit({ ...refused, subject });
    await log.close();
    expect(await storedSubjects(store)).toEqual(["a", "b"]);
    expect(lines).toEqual([expect.objectContaining({ subject: "bad", notStored: "refused" })]);
  });
});

requirePrograms({ postgres: "postgresql-15", initdb: "postgresql-15", psql: "postgresql-15" })(
  "an event that is emitted while PostgreSQL is away",
  () => {
    const databases = postgresDatabases();

    it("waits and is stored once when it is back", async () => {
      const { logger, lines } = recordingLogger();
      const store = await openTestStore(await databases.create());
      const log = createEventLog(store, { logger });
      await databases.server.stop();
      try {
        for (let index = 0; index < 300; index += 1) log.emit({ ...refused, subject: `uid=user${index}` });
        await until("the outage to be noticed", () => store.check().status === "error");
      } finally {
        await databases.server.start();
      }
      await log.close();
      expect((await storedSubjects(store)).toSorted()).toEqual(
        Array.from({ length: 300 }, (_, index) => `uid=user${index}`).toSorted(),
      );
      expect(lines).toEqual([]);
    });

    it("is logged with its content when the service ends before", async () => {
      const { logger, lines } = recordingLogger();
      const store = await openTestStore(await databases.create());
      const log = createEventLog(store, { logger });
      await databases.server.stop();
      try {
        log.emit(refused);
        await until("the outage to be noticed", () => store.check().status === "error");
        await log.close(AbortSignal.timeout(200));
      } finally {
        await databases.server.start();
      }
      expect(lines).toEqual([expect.objectContaining({ subject: "uid=jane", notStored: "closed" })]);
    });
  },
);

describe("without a store an event is a line of the log", () => {
  it.each([
    ["critical", "ERROR"],
    ["high", "WARN"],
    ["medium", "WARN"],
    ["low", "INFO"],
    ["info", "INFO"],
  ] as const)("of severity %s at level %s", (severity, level) => {
    const { logger, lines } = recordingLogger();
    logEventSink(logger).emit({
      ...refused,
      severity,
      actor: "10.1.1.9",
      data: { why: "wrong password", token: new Secret("t") },
    });
    expect(lines).toEqual([
      {
        timestamp: "1970-01-01T00:00:00.000Z",
        level,
        logger: "test",
        message: "event bind.refused",
        type: "bind.refused",
        severity,
        subject: "uid=jane",
        source: "gateway",
        time: "1970-01-01T00:00:00.000Z",
        actor: "10.1.1.9",
        data: { why: "wrong password", token: "[secret]" },
      },
    ]);
  });
});

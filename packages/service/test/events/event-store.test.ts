import { sqliteDatabases } from "@espalier/tests/lab";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  createHealth,
  createMetrics,
  loadConfiguration,
  type NewEvent,
  openEventStore,
  storeSection,
} from "../../src/index.ts";
import { variables } from "../configuration/gateway-section.ts";
import { createEventLog, openTestStore, silent } from "../store/databases.ts";

const dayMs = 86_400_000;
const event: NewEvent = { type: "a.b", severity: "info", subject: "s", source: "test" };

async function open(url: string) {
  const config = loadConfiguration({ ...variables({ STORE_URL: url }), sections: [storeSection] }).values.store;
  const health = createHealth({ version: "0" });
  const opened = await openEventStore({ config, logger: silent, metrics: createMetrics(), health });
  onTestFinished(() => opened.close());
  return { ...opened, health };
}

describe("the event store of a process", () => {
  it("is part of its health, and stores what was reported before it is closed", async () => {
    const url = await sqliteDatabases().create();
    const { log, close, health } = await open(url);
    expect((await health.report()).checks.store).toMatchObject({ status: "ok", database: "sqlite" });
    log.emit(event);
    await close();
    expect((await createEventLog(await openTestStore(url)).query({})).events).toHaveLength(1);
  });

  it("removes old events when it is opened, and each hour", async () => {
    const url = await sqliteDatabases().create();
    const before = createEventLog(await openTestStore(url));
    await before.append({ ...event, time: Date.now() - 31 * dayMs });
    const kept = await before.append({ ...event, time: Date.now() - 29 * dayMs });
    vi.useFakeTimers({ toFake: ["setInterval", "Date"], now: Date.now() });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { log } = await open(url);
    await expect.poll(async () => (await log.query({})).events).toEqual([kept]);
    vi.setSystemTime(Date.now() + 2 * dayMs);
    vi.advanceTimersByTime(3_600_000);
    await expect.poll(async () => (await log.query({})).events).toEqual([]);
  });
});

import { createLog, EventLog, eventMigrations, type NewEvent, openStore } from "@espalier/service";
import { temporaryDirectory } from "@espalier/tests/lab";
import Fastify from "fastify";
import { expect, it, onTestFinished } from "vitest";
import { serveApi } from "../../src/api/serve.ts";
import type { NotificationSource } from "../../src/notifications/source.ts";
import type { Session } from "../../src/sessions/session.ts";
import { storyPart } from "../../src/stories/part.ts";

const { logger: quiet } = createLog({ destination: () => undefined });
const basis = { severity: "high", subject: "ldap1", source: "manager" } as const;
const inEast: NewEvent = { ...basis, type: "node.down", data: { cluster: "east" } };
const inWest: NewEvent = { ...basis, type: "node.up", data: { cluster: "west" } };

function auditorOf(...clusters: readonly string[]): Session {
  const may = (action: string, cluster: string) => action === "audit" && clusters.includes(cluster);
  return { id: "s", name: "uid=ann", clusters: ["east", "west"], may } as unknown as Session;
}

/** A source whose story has everything that was appended. */
async function serve(session: Session, hasNotifications = true) {
  const directory = await temporaryDirectory("stories");
  const logger = quiet("test");
  const store = await openStore({ url: `sqlite:${directory.file("store.db")}`, migrations: [eventMigrations], logger });
  const log = new EventLog({ store, logger, dedupeWindowMs: 1_000 });
  const events = [await log.append(inEast), await log.append(inWest)];
  const deliveries = [
    { id: "d1", channel: "mail", route: "grave", state: "delivered", severity: "high", createdAt: 1, dueAt: 1 },
  ].map((each) => ({ ...each, attempts: 1, events: 1, tells: [events[0]!.id] }));
  const source = { story: async () => ({ events, deliveries, incidents: [] }) } as unknown as NotificationSource;
  const app = Fastify();
  const closing = new AbortController();
  const part = storyPart({ log, source: hasNotifications ? source : undefined });
  serveApi(app, { parts: [part], prefix: "", authenticate: async () => session, closing: closing.signal, logger });
  onTestFinished(async () => {
    closing.abort();
    await app.close();
    await log.close();
    await store.close();
    await directory[Symbol.asyncDispose]();
  });
  const ask = async (id: string) => {
    const { statusCode, body } = await app.inject(`/events/${id}/story`);
    return { statusCode, body: JSON.parse(body) };
  };
  return { ask, ids: events.map(({ id }) => id), deliveries };
}

it("the story of an event is told with its deliveries, without events of clusters that one may not audit", async () => {
  const { ask, ids, deliveries } = await serve(auditorOf("east"));
  const { statusCode, body } = await ask(ids[0]!);
  expect(statusCode).toBe(200);
  expect(body).toEqual({
    ...{ hasNotifications: true, deliveries, incidents: [] },
    events: [{ ...inEast, id: ids[0], position: 1, time: expect.any(Number), audit: false }],
  });
  expect(await ask(ids[1]!)).toMatchObject({ statusCode: 404, body: { code: "not_found" } });
});

it("a manager without notifications says that it knows the event alone", async () => {
  const { ask, ids } = await serve(auditorOf("east", "west"), false);
  const { body } = await ask(ids[1]!);
  expect(body).toMatchObject({ hasNotifications: false, deliveries: [], events: [{ id: ids[1] }] });
});

it("is for those who may see the timeline", async () => {
  const { ask, ids } = await serve(auditorOf());
  expect(await ask(ids[0]!)).toMatchObject({ statusCode: 403, body: { code: "not_allowed" } });
});

import { createLog, EventLog, eventMigrations, type NewEvent, openStore } from "@espalier/service";
import { temporaryDirectory } from "@espalier/tests/lab";
import Fastify, { type FastifyInstance } from "fastify";
import { expect, it, onTestFinished } from "vitest";
import { serveApi } from "../../src/api/serve.ts";
import { eventPart } from "../../src/events/part.ts";
import type { Session } from "../../src/sessions/session.ts";

const { logger: quiet } = createLog({ destination: () => undefined });
const nodeDown: NewEvent = {
  type: "node.down",
  severity: "high",
  subject: "east/ldap1",
  source: "manager",
  time: 1_000,
};
const inEast: NewEvent = { ...nodeDown, data: { cluster: "east" } };
const inWest: NewEvent = { ...nodeDown, subject: "west/ldap1", data: { cluster: "west" }, time: 2_000 };
const ofProxy: NewEvent = {
  ...nodeDown,
  type: "backend.down",
  severity: "critical",
  subject: "ldap9",
  source: "proxy",
  time: 3_000,
};

/** Somebody who is connected to both clusters, and may audit these. */
function auditorOf(...clusters: readonly string[]): Session {
  const may = (action: string, cluster: string) => action === "audit" && clusters.includes(cluster);
  return { id: "s", name: "uid=ann", clusters: ["east", "west"], may } as unknown as Session;
}

interface Served {
  readonly app: FastifyInstance;
  readonly log: EventLog;
  readonly closing: AbortController;
}

async function serve(session: Session, events: readonly NewEvent[]): Promise<Served> {
  const directory = await temporaryDirectory("events");
  const logger = quiet("test");
  const store = await openStore({ url: `sqlite:${directory.file("store.db")}`, migrations: [eventMigrations], logger });
  const log = new EventLog({ store, logger, dedupeWindowMs: 1_000 });
  for (const event of events) await log.append(event);
  const app = Fastify();
  const closing = new AbortController();
  const authenticate = async () => session;
  serveApi(app, { parts: [eventPart({ log })], prefix: "", authenticate, closing: closing.signal, logger });
  onTestFinished(async () => {
    closing.abort();
    await app.close();
    await log.close();
    await store.close();
    await directory[Symbol.asyncDispose]();
  });
  return { app, log, closing };
}

async function subjects({ app }: Served, url: string): Promise<string[]> {
  const { events } = (await app.inject(url)).json<{ events: { subject: string }[] }>();
  return events.map(({ subject }) => subject);
}

it("an auditor sees the events of their clusters, and those of no cluster", async () => {
  const served = await serve(auditorOf("east"), [inEast, inWest, ofProxy]);
  expect(await subjects(served, "/events")).toEqual(["ldap9", "east/ldap1"]);
});

it("events are found by what happened, how grave it was, to what, and when", async () => {
  const served = await serve(auditorOf("east", "west"), [inEast, inWest, ofProxy]);
  expect(await subjects(served, "/events?type=node.*")).toEqual(["west/ldap1", "east/ldap1"]);
  expect(await subjects(served, "/events?severity=critical&severity=low")).toEqual(["ldap9"]);
  expect(await subjects(served, "/events?subject=east/ldap1")).toEqual(["east/ldap1"]);
  expect(await subjects(served, "/events?from=2000&until=3000")).toEqual(["west/ldap1"]);
});

it("pages go on where the one before ended, also where most events are another cluster's", async () => {
  const many = Array.from({ length: 60 }, (_, index) => ({ ...(index % 20 === 0 ? inEast : inWest), time: index }));
  const { app } = await serve(auditorOf("east"), many);
  const times: number[] = [];
  let url: string | undefined = "/events?limit=2";
  while (url !== undefined) {
    const page: { events: { time: number }[]; cursor?: string } = (await app.inject(url)).json();
    times.push(...page.events.map(({ time }) => time));
    url = page.cursor && `/events?limit=2&cursor=${encodeURIComponent(page.cursor)}`;
  }
  expect(times).toEqual([40, 20, 0]);
});

it("who audits nothing is refused, and told which role would do", async () => {
  const { app } = await serve(auditorOf(), [ofProxy]);
  for (const url of ["/events", "/events/stream", "/events/01890000-0000-7000-8000-000000000000"]) {
    const { statusCode, body } = await app.inject(url);
    expect([statusCode, body]).toEqual([403, expect.stringContaining("role auditor")]);
  }
});

it("one event is given by its id, and another cluster's is as one that is not there", async () => {
  const { app, log } = await serve(auditorOf("east"), []);
  const mine = await log.append({ ...inEast, actor: "uid=ann" });
  const theirs = await log.append(inWest);
  expect((await app.inject(`/events/${mine.id}`)).json()).toEqual(mine);
  expect((await app.inject(`/events/${theirs.id}`)).statusCode).toBe(404);
});

it("what cannot be asked is a 400 that says what is wrong", async () => {
  const { app } = await serve(auditorOf("east"), []);
  for (const [url, reason] of [
    ["/events?type=Node", "type"],
    ["/events?severity=grave", "severity"],
    ["/events?cursor=nonsense", "cursor"],
  ] as const) {
    const { statusCode, body } = await app.inject(url);
    expect([statusCode, body]).toEqual([400, expect.stringContaining(reason)]);
  }
});

it("a stream gives what happens from then on, in the order of the log, without another cluster's", async () => {
  const served = await serve(auditorOf("east"), [inEast]);
  const { app, log, closing } = served;
  const address = await app.listen({ host: "127.0.0.1", port: 0 });
  const response = await fetch(`${address}/events/stream`);
  const headers = ["content-type", "cache-control", "x-accel-buffering"].map((name) => response.headers.get(name));
  expect(headers).toEqual(["text/event-stream; charset=utf-8", "no-store", "no"]);
  const pieces = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = (await pieces.read()).value ?? "";
  await log.append(inWest);
  await log.append(ofProxy);
  while (!text.includes("ldap9")) text += (await pieces.read()).value ?? "";
  // It begins with the position after which it tells everything.
  expect([...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => id)).toEqual(["1", "3"]);
  closing.abort();
  while (!(await pieces.read()).done);
});

it("nothing is missed between a page and a stream, nor by a stream that is cut off before anything happened", async () => {
  const { app, log, closing } = await serve(auditorOf("east"), [inEast, ofProxy]);
  const { position } = (await app.inject("/events?severity=low")).json<{ position: number }>();
  const address = await app.listen({ host: "127.0.0.1", port: 0 });
  const begin = async (query: string, headers: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(`${address}/events/stream${query}`, { headers });
    return response.body!.pipeThrough(new TextDecoderStream()).getReader();
  };
  const cut = await begin("");
  const [, lastId] = /^id: (\d+)\nretry: 2000\n\n$/.exec((await cut.read()).value ?? "") ?? [];
  await cut.cancel();
  await log.append({ ...ofProxy, subject: "ldap10" });
  for (const pieces of [await begin(`?after=${position}`), await begin("", { "last-event-id": lastId ?? "none" })]) {
    let text = "";
    while (!text.includes("ldap10")) text += (await pieces.read()).value ?? "";
    expect([...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => id)).toEqual(["2", "3"]);
  }
  closing.abort();
});

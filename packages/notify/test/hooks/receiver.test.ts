import { createHmac } from "node:crypto";
import { type EventLog, type Store, StoreError } from "@espalier/service";
import { forEachDatabase, type StoreDatabases } from "@espalier/tests/lab";
import { describe, expect, it } from "vitest";
import { flushDigests } from "../../src/hooks/digests.ts";
import { type HookObserver, HookReceiver, type HookRequest } from "../../src/hooks/receiver.ts";
import { silent } from "../deliveries/databases.ts";
import { eventsOf, type HookStore, openHookStore } from "./hook-store.ts";
import { sources, type WrittenSources } from "./sources.ts";

const secret = "a secret of some length";
const hourMs = 3_600_000;

class Observed implements HookObserver {
  readonly seen: string[] = [];
  refused: HookObserver["refused"] = (source, failure) => this.seen.push(`refused ${source.name} ${failure}`);
  duplicate: HookObserver["duplicate"] = (source) => this.seen.push(`duplicate ${source.name}`);
  limited: HookObserver["limited"] = (source, action) => this.seen.push(`limited ${source.name} ${action}`);
  heard: HookObserver["heard"] = (source, device) => this.seen.push(`heard ${source.name}/${device}`);
  rejected: HookObserver["rejected"] = ({ statusCode, reason }) => this.seen.push(`rejected ${statusCode} ${reason}`);
}

interface Receiving extends HookStore {
  readonly observed: Observed;
  readonly receiver: HookReceiver;
  /** A request to `generic`, signed. */
  send(payload: unknown, changes?: Partial<HookRequest>): ReturnType<HookReceiver["receive"]>;
}

async function receiving(
  databases: StoreDatabases,
  written: WrittenSources[string] = { secrets: [secret] },
): Promise<Receiving> {
  const opened = await openHookStore(databases);
  const observed = new Observed();
  const { store, log } = opened;
  const receiver = new HookReceiver({
    store,
    log,
    logger: silent,
    observer: observed,
    sources: sources({ generic: written }),
  });
  return Object.assign(opened, {
    observed,
    receiver,
    send: (payload: unknown, changes: Partial<HookRequest> = {}) =>
      receiver.receive("generic", { ...signed(JSON.stringify(payload)), receivedMs: opened.now, ...changes }),
  });
}

function signed(text: string, key = secret): Omit<HookRequest, "receivedMs"> {
  const signature = `sha256=${createHmac("sha256", key).update(text).digest("hex")}`;
  const headers = { "content-type": "application/json", "x-hub-signature-256": signature };
  return { headers, body: new TextEncoder().encode(text), address: "203.0.113.7" };
}

forEachDatabase((databases) => {
  it("a signed request is an event in the log before it is 202, and the same again is 200 with its id", async () => {
    const site = await receiving(databases);
    const first = await site.send({ severity: "low", n: 1 });
    expect(await eventsOf(site)).toEqual([
      {
        type: "hook.received",
        severity: "low",
        subject: "generic",
        source: "hooks/generic",
        data: { payload: { severity: "low", n: 1 } },
      },
    ]);
    const again = await site.send({ severity: "low", n: 1 });
    expect([first, again]).toEqual([
      { statusCode: 202, body: { id: (await site.log.query({})).events[0]?.id, status: "accepted" } },
      { statusCode: 200, body: { id: first.body.id, status: "duplicate" } },
    ]);
    expect(await eventsOf(site)).toHaveLength(1);
    expect(site.observed.seen).toEqual(["heard generic/", "heard generic/", "duplicate generic"]);
    site.now += hourMs;
    expect((await site.send({ severity: "low", n: 1 })).statusCode).toBe(202);
  });

  it("many of the same at the same time are one event", async () => {
    const site = await receiving(databases);
    const answers = await Promise.all(Array.from({ length: 30 }, () => site.send({ n: 1 })));
    expect(answers.filter(({ statusCode }) => statusCode === 202)).toHaveLength(1);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await eventsOf(site)).toHaveLength(1);
  });

  it("what a stranger sends is 401 with one body for every reason, and nothing of it is read", async () => {
    const site = await receiving(databases);
    const notJson = { ...signed("{", "wrong"), receivedMs: site.now };
    const answers = [
      await site.receiver.receive("generic", notJson),
      await site.receiver.receive("generic", { ...notJson, headers: {} }),
      await site.receiver.receive("generic", { ...notJson, headers: { "x-hub-signature-256": "sha1=00" } }),
    ];
    for (const answer of answers) {
      expect(answer).toEqual({
        statusCode: 401,
        body: { error: "the request has no valid credentials for this source" },
      });
    }
    expect(site.observed.seen.filter((each) => each.startsWith("refused"))).toEqual([
      "refused generic wrong_credentials",
      "refused generic missing_credentials",
      "refused generic malformed_credentials",
    ]);
    expect(await eventsOf(site)).toEqual([]);
  });

  it("what a known sender writes that cannot be read is 415 or 422, and kept", async () => {
    const site = await receiving(databases);
    const xml = signed("<a/>");
    const answer = await site.send({}, { ...xml, headers: { ...xml.headers, "content-type": "application/xml" } });
    expect(answer.statusCode).toBe(415);
    expect(await site.send({}, signed("{"))).toEqual({ statusCode: 422, body: { error: "the body is no JSON" } });
    expect(site.observed.seen.filter((each) => each.startsWith("rejected")).map((each) => each.slice(0, 12))).toEqual([
      "rejected 415",
      "rejected 422",
    ]);
  });

  it("an address that keeps sending what is not signed is 429 before anything is verified, and others are not", async () => {
    const site = await receiving(databases);
    const wrong = { ...signed("{}", "wrong"), receivedMs: site.now };
    const codes: number[] = [];
    for (let n = 0; n < 60; n += 1) codes.push((await site.receiver.receive("generic", wrong)).statusCode);
    expect(codes).toEqual([...Array<number>(50).fill(401), ...Array<number>(10).fill(429)]);
    expect(await site.receiver.receive("generic", { ...signed("{}"), receivedMs: site.now })).toMatchObject({
      statusCode: 429,
      retryAfterSeconds: expect.any(Number),
    });
    expect((await site.send({}, { address: "203.0.113.8" })).statusCode).toBe(202);
  });

  it("somebody's wrong requests do not stop right ones from the same address", async () => {
    const site = await receiving(databases);
    expect((await site.send({ n: 1 })).statusCode).toBe(202);
    const wrong = { ...signed("{}", "wrong"), receivedMs: site.now };
    for (let n = 0; n < 60; n += 1) expect((await site.receiver.receive("generic", wrong)).statusCode).toBe(401);
    expect((await site.send({ n: 2 })).statusCode).toBe(202);
  });

  it("what a device sends beyond its limit is accepted, and told in one event as grave as the gravest of it", async () => {
    const site = await receiving(databases, {
      secrets: [secret],
      device: "{{device}}",
      limit: { average: 1, burst: 2, gather: "30s" },
    });
    const answers = [];
    for (let n = 0; n < 40; n += 1) {
      answers.push(await site.send({ device: "d1", n, severity: n === 7 ? "critical" : "info" }));
    }
    const other = await site.send({ device: "d2", n: 0 });
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(40).fill(202));
    expect(answers.map(({ body }) => body.status)).toEqual(["accepted", "accepted", ...Array(38).fill("gathered")]);
    expect(other.body.status).toBe("accepted");
    const digest = answers[2]?.body.id;
    expect(new Set(answers.slice(2).map(({ body }) => body.id))).toEqual(new Set([digest]));

    expect(await flushDigests(site.store, site.log, site.now + 29_999)).toBe(0);
    const flushed = await Promise.all([1, 2].map(() => flushDigests(site.store, site.log, site.now + 30_000)));
    expect(flushed.toSorted()).toEqual([0, 1]);
    const events = await eventsOf(site);
    expect(events.map(({ type }) => type)).toEqual([...Array(3).fill("hook.received"), "hook.digest"]);
    expect(events.at(-1)).toEqual({
      type: "hook.digest",
      severity: "critical",
      subject: "d1",
      source: "hooks/generic",
      data: {
        digest,
        summary: "38 requests beyond the limit of generic/d1",
        requests: 38,
        device: "d1",
        from: site.now,
        until: site.now + 30_000,
        types: { "hook.received": 38 },
        newest: expect.any(Array),
      },
    });
    expect(events.at(-1)?.data?.newest).toHaveLength(20);
  });

  it("what was gathered and comes again is 200, also when it is within the limit then, and after it was told", async () => {
    const site = await receiving(databases, { secrets: [secret], limit: { average: 0.1, burst: 1, gather: "30s" } });
    const first = await site.send({ n: 1 });
    const gathered = await site.send({ n: 2 });
    expect(await site.send({ n: 2 })).toEqual({ statusCode: 200, body: { id: gathered.body.id, status: "duplicate" } });
    expect(await site.send({ n: 1 })).toEqual({ statusCode: 200, body: { id: first.body.id, status: "duplicate" } });
    await flushDigests(site.store, site.log, site.now + 30_000);
    const anew = sources({ generic: { secrets: [secret] } });
    site.receiver.replaceSources(anew);
    expect(await site.send({ n: 2 })).toEqual({ statusCode: 200, body: { id: gathered.body.id, status: "duplicate" } });
    expect((await eventsOf(site)).map(({ data }) => data?.requests)).toEqual([undefined, 1]);
  });

  it("beyond a source's ceiling requests are 429, with when to come again", async () => {
    const site = await receiving(databases, { secrets: [secret], limit: { ceiling: 3 } });
    const answers = [];
    for (let n = 0; n < 4; n += 1) answers.push(await site.send({ n }));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([202, 202, 202, 429]);
    expect(answers[3]?.retryAfterSeconds).toBe(20);
    expect(site.observed.seen.at(-1)).toBe("limited generic refused");
  });
});

describe("while the store is away", () => {
  it("a request is 503 with when to come again, and not 202", async () => {
    const away = () => Promise.reject(new StoreError("ERR_STORE_UNAVAILABLE", "away"));
    const receiver = new HookReceiver({
      store: { write: away } as unknown as Store,
      log: {} as EventLog,
      logger: silent,
      observer: new Observed(),
      sources: sources({ generic: { secrets: [secret] } }),
    });
    const answer = await receiver.receive("generic", { ...signed("{}"), receivedMs: Date.now() });
    expect(answer).toEqual({
      statusCode: 503,
      body: { error: "the event cannot be stored at the moment: send it again" },
      retryAfterSeconds: 10,
    });
  });
});

/** The checks of what runs: over real stores and a server whose certificate ages with the clock of the test. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:tls";
import {
  createHealth,
  createLog,
  createMetrics,
  type EventStore,
  openEventStore,
  type StoredEvent,
  storeSection,
} from "@espalier/service";
import { forEachDatabase, freePort, onPostgres, type ServerCertificate, until } from "@espalier/tests/lab";
import { describe, expect, it, onTestFinished } from "vitest";
import { checkSection } from "../../src/config.ts";
import { defineRule, type Rule } from "../../src/engine/rule.ts";
import type { LiveTargets } from "../../src/live/targets.ts";
import { rules } from "../../src/rules/index.ts";
import { CheckService } from "../../src/service/check-service.ts";
import { testAuthority } from "../live/authority.ts";

const { logger: quiet } = createLog({ destination: () => undefined });
const dayMs = 86_400_000;
const nothing: LiveTargets = { endpoints: [], nodes: [], storage: [], host: false };

/** A server of https, and what is to be looked at there. */
class Website {
  readonly port: number;
  #server: Server | undefined;

  constructor(port: number) {
    this.port = port;
  }

  async present({ certificate, privateKey }: ServerCertificate): Promise<void> {
    await this.close();
    const pem = { cert: await readFile(certificate), key: await readFile(privateKey) };
    const server = createServer(pem, (socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end("HTTP/1.1 204 No Content\r\n\r\n"));
    });
    server.on("tlsClientError", () => undefined);
    server.listen(this.port, "127.0.0.1");
    await once(server, "listening");
    this.#server = server;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.close();
    await once(server, "close");
  }

  targets(caFile: string): LiveTargets {
    const url = `https://localhost:${this.port}`;
    const place = { protocol: "https", host: "127.0.0.1", port: this.port, serverName: "localhost" } as const;
    return { ...nothing, endpoints: [{ url, ...place, caFiles: [caFile] }] };
  }
}

async function scene() {
  const authority = await testAuthority();
  const website = new Website(await freePort());
  onTestFinished(() => website.close());
  await website.present(await authority.issue("six", ["localhost"], 6));
  const clock = { time: Date.now() };
  return { authority, website, clock, targets: website.targets(authority.certificate) };
}

async function openStore(url: string): Promise<EventStore> {
  const logger = quiet("store");
  const store = await openEventStore({ config: storeSection.schema.parse({ url }), logger, metrics: createMetrics() });
  onTestFinished(() => store.close());
  return store;
}

interface Process {
  readonly service: CheckService;
  readonly health: ReturnType<typeof createHealth>;
  metrics(): Promise<readonly string[]>;
}

interface BeginOptions {
  readonly store?: EventStore;
  readonly observer?: string;
  readonly check?: object;
  readonly rules?: readonly Rule[];
}

/** A process of its own; the clock is the test's. */
function begin(
  targets: LiveTargets,
  { time }: { readonly time: () => number },
  { store, observer = "", check = {}, ...more }: BeginOptions = {},
): Process {
  const health = createHealth({ version: "1" });
  health.setReady();
  const metrics = createMetrics();
  const service = new CheckService({
    ...{
      targets,
      health,
      metrics,
      observer,
      isShared: observer !== "",
      now: time,
      logger: quiet("check"),
      rules: more.rules ?? rules,
    },
    config: checkSection.schema.parse(check),
    events: { emit: () => undefined },
    openLog: store && (async () => store.log),
  });
  service.start();
  onTestFinished(() => service.drain());
  const text = async () => (await metrics.text()).split("\n").filter((line) => line.startsWith("espalier_check_"));
  return { service, health, metrics: text };
}

async function eventsOf({ log }: EventStore): Promise<readonly StoredEvent[]> {
  const { events } = await log.query({ types: ["finding.*"], order: "oldest first" });
  return events;
}

const told = async (store: EventStore) =>
  (await eventsOf(store)).map(({ type, severity, subject, data }) => [type, severity, subject, data?.rule]);

forEachDatabase((databases) => {
  describe("a certificate with six days left", () => {
    it("is one event, whoever looks how often, in health and in the metrics; and another when it is renewed", async () => {
      const { authority, website, clock, targets } = await scene();
      const store = await openStore(await databases.create());
      const time = () => clock.time;
      const first = begin(targets, { time }, { store });
      await first.service.checkNow();
      await first.service.checkNow();
      const url = `https://localhost:${website.port}`;
      const raised = ["finding.raised", "high", url, "TLS003"];
      expect(await told(store)).toEqual([raised]);
      const [event] = await eventsOf(store);
      const message = `the certificate CN=localhost (${url}) expires in 5 days, on ${day(clock.time + 6 * dayMs)}`;
      const [finding] = first.service.state.findings;
      expect(event?.data).toEqual({
        ...{ rule: "TLS003", message, summary: `TLS003 ${message}`, path: "certificates[0]", fix: finding?.fix },
        ...{ incident: finding?.fingerprint, seenBy: "" },
        firstSeen: new Date(clock.time).toISOString(),
      });
      const { status, checks } = await first.health.report();
      expect(status).toBe("degraded");
      expect(checks.checks).toMatchObject({
        status: "degraded",
        lastRun: new Date(clock.time).toISOString(),
        findings: [{ rule: "TLS003", severity: "high", subject: url, message }],
      });
      expect(await first.metrics()).toEqual([
        `espalier_check_findings{rule="TLS003",severity="high",subject="${url}"} 1`,
        `espalier_check_last_run_timestamp_seconds ${clock.time / 1_000}`,
        "espalier_check_interval_seconds 300",
        expect.stringMatching(/^espalier_check_run_duration_seconds 0\.\d+$/),
        "espalier_check_unreadable 0",
      ]);

      // The process starts anew, and knows what was told.
      await first.service.drain();
      clock.time += 60_000;
      const second = begin(targets, { time }, { store });
      await until("the log to be read", () => second.service.state.findings.length === 1);
      expect(second.service.state).toMatchObject({ lastRunAt: undefined, findings: [{ isStale: true }] });
      await second.service.checkNow();
      expect(await told(store)).toEqual([raised]);
      expect(second.service.state.findings).toMatchObject([{ isStale: false, firstSeen: clock.time - 60_000 }]);

      await website.present(await authority.issue("sixty", ["localhost"], 60));
      await second.service.checkNow();
      expect(await told(store)).toEqual([raised, ["finding.resolved", "info", url, "TLS003"]]);
      expect((await second.health.report()).checks.checks).toMatchObject({ status: "ok", findings: [] });
    });

    it("is told again when it has expired, as the same matter", async () => {
      const { clock, targets } = await scene();
      const store = await openStore(await databases.create());
      const { service } = begin(targets, { time: () => clock.time }, { store });
      await service.checkNow();
      clock.time += 7 * dayMs;
      await service.checkNow();
      const events = await eventsOf(store);
      expect(events.map(({ type, severity }) => [type, severity])).toEqual([
        ["finding.raised", "high"],
        ["finding.raised", "critical"],
      ]);
      expect(new Set(events.map(({ data }) => data?.incident)).size).toBe(1);
    });

    it("is not over because the server does not answer, not even to a process that begins then", async () => {
      const { website, clock, targets } = await scene();
      const store = await openStore(await databases.create());
      const time = () => clock.time;
      const first = begin(targets, { time }, { store });
      await first.service.checkNow();
      await website.close();
      await first.service.checkNow();
      const kept = [{ rule: "TLS003", isStale: true }];
      expect(first.service.state.findings).toMatchObject(kept);
      expect(first.service.state.unreadable).toEqual([
        {
          subject: `https://localhost:${website.port}`,
          message: "no TLS connection came about: nothing listens there (ECONNREFUSED)",
        },
      ]);
      await first.service.drain();
      const second = begin(targets, { time }, { store });
      await until("the log to be read", () => second.service.state.findings.length === 1);
      await second.service.checkNow();
      expect(second.service.state.findings).toMatchObject(kept);
      expect(await told(store)).toHaveLength(1);
    });

    it("is over where it is not looked at any more, or somebody has taken it on", async () => {
      const { clock, targets } = await scene();
      const store = await openStore(await databases.create());
      const { service, health } = begin(targets, { time: () => clock.time }, { store });
      await service.checkNow();
      const suppressions = [{ rule: "TLS003", reason: "It is switched off on Friday." }];
      service.reload({ config: checkSection.schema.parse({ suppressions }), targets });
      await service.checkNow();
      expect((await told(store)).map(([type]) => type)).toEqual(["finding.raised", "finding.resolved"]);
      expect(service.state.findings).toMatchObject([{ suppressed: { reason: "It is switched off on Friday." } }]);
      expect((await health.report()).checks.checks).toMatchObject({ status: "ok", findings: [] });
      service.reload({ config: checkSection.schema.parse({}), targets: nothing });
      await service.checkNow();
      expect(service.state.findings).toEqual([]);
    });
  });
});

onPostgres((databases) => {
  /** What every machine finds of itself. */
  const ownRule = defineRule({
    ...{ id: "TST001", title: "a disk", severity: "low", profile: "lab", reads: ["storage"], fix: "none" },
    ...{ explanation: "", references: [] },
    *find(project) {
      for (const { name } of project.of("storage")) yield { subject: name, message: `${name} is a disk`, fix: "" };
    },
  });

  it("two machines on one store tell of a server once, and of themselves each", async () => {
    const { clock, targets } = await scene();
    const url = await databases.create();
    const [left, right] = [await openStore(url), await openStore(url)];
    const time = () => clock.time;
    const looked = { ...targets, storage: [{ name: "store", path: "/" }] };
    const withOwn = { rules: [...rules.filter(({ id }) => id === "TLS003"), ownRule] };
    const one = begin(looked, { time }, { store: left, observer: "one", ...withOwn });
    const two = begin(looked, { time }, { store: right, observer: "two", ...withOwn });
    await Promise.all([one.service.checkNow(), two.service.checkNow()]);
    const events = (await eventsOf(left)).map(({ data }) => [data?.rule, data?.rule === "TLS003" ? "" : data?.seenBy]);
    expect(events.toSorted()).toEqual([
      ["TLS003", ""],
      ["TST001", "one"],
      ["TST001", "two"],
    ]);

    // One of them is not there any more: what it saw of itself is not for the other to end.
    await one.service.drain();
    await two.service.checkNow();
    expect(await told(right)).toHaveLength(events.length);
  });
});

describe("checks without a store, or with one that is away", () => {
  it("are told to the log, and are told to the store once it is there", async () => {
    const { clock, targets } = await scene();
    const emitted: string[] = [];
    const store = Promise.withResolvers<EventStore>();
    const health = createHealth({ version: "1" });
    const shared = {
      targets,
      rules,
      health,
      logger: quiet("check"),
      observer: "one",
      isShared: false,
      now: () => clock.time,
    };
    const config = checkSection.schema.parse({});
    const without = new CheckService({
      ...{ ...shared, config, metrics: createMetrics(), health: createHealth({ version: "1" }) },
      events: { emit: ({ type, subject }) => emitted.push(`${type} ${subject}`) },
    });
    without.start();
    onTestFinished(() => without.drain());
    await without.checkNow();
    expect(emitted).toEqual([`finding.raised ${targets.endpoints[0]?.url}`]);

    const waiting = new CheckService({
      ...{ ...shared, config, metrics: createMetrics(), events: { emit: () => undefined } },
      openLog: async () => (await store.promise).log,
    });
    waiting.start();
    onTestFinished(() => waiting.drain());
    await waiting.checkNow();
    expect(waiting.state.findings).toHaveLength(1);
    const directory = await testAuthority();
    const opened = await openStore(`sqlite:${directory.certificate}.db`);
    store.resolve(opened);
    await until("the event", async () => (await told(opened)).length === 1);
  });

  it("look again after the interval, and say so in health when they have not for three of them", async () => {
    const { clock, targets } = await scene();
    const { service, health } = begin(targets, { time: () => clock.time }, { check: { profile: "lab" } });
    expect((await health.report()).checks.checks).toEqual({
      status: "ok",
      message: "the first look has not ended yet",
    });
    await until("the first look, which nobody asked for", () => service.state.lastRunAt !== undefined);
    clock.time += 16 * 60_000;
    expect((await health.report()).checks.checks).toMatchObject({
      status: "degraded",
      message: "nothing has been looked at for three intervals",
    });
  });
});

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** The event log on each database: how many events a second are durable, and how soon a page of a million is found. */
import { rm } from "node:fs/promises";
import { parseArgs } from "node:util";
import {
  createLog,
  createMetrics,
  EventLog,
  type EventQuery,
  eventMigrations,
  type NewEvent,
  openStore,
  severities,
} from "@espalier/service";
import { startPostgres, temporaryDirectory } from "@espalier/tests/lab";
import { formatTable, whole } from "./table.ts";

const help = `npm run bench -- events [--events 1000000] [--seconds 5] [--only sqlite|postgres]`;

const subjects = 2_000;
const types = 40;
/** In flight while the table is filled. */
const fillers = 2_000;
const repetitions = 40;

export async function benchEvents(parameters: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      events: { type: "string", default: "1000000" },
      seconds: { type: "string", default: "5" },
      only: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(help);
  const options = { events: Number(values.events), seconds: Number(values.seconds) };
  if (values.only !== "postgres") {
    await using directory = await temporaryDirectory("bench");
    await measure("SQLite", `sqlite:${directory.file("espalier.db")}`, options);
    await rm(directory.path, { recursive: true });
  }
  if (values.only !== "sqlite") {
    await using postgres = await startPostgres({ isDurable: true });
    await measure("PostgreSQL", postgres.url, options);
  }
  console.log(
    "\nTargets: thousands of durable events a second; a page by subject and the timeline's first under 50 ms.",
  );
}

async function measure(name: string, url: string, { events, seconds }: { events: number; seconds: number }) {
  const logger = createLog({ destination: () => undefined }).logger("bench");
  const store = await openStore({ url, migrations: [eventMigrations], logger });
  const log = new EventLog({ store, logger, metrics: createMetrics(), dedupeWindowMs: 3_600_000 });
  const rates: string[][] = [];
  for (const audit of [false, true]) {
    for (const writers of [1, 16, 64, 256]) rates.push(await measureAppends(log, { writers, seconds, audit }));
  }
  console.log(formatTable([`${name}: writers, each waiting for its event`, "events/s", "median", "p99"], rates));
  const began = performance.now();
  await fill(log, events);
  const fillSeconds = (performance.now() - began) / 1_000;
  console.log(`\nStored ${whole(events)} more in ${whole(fillSeconds)} s (${whole(events / fillSeconds)} a second).\n`);
  const pages: string[][] = [];
  for (const [what, query] of Object.entries(await questions(log))) pages.push([what, ...(await time(log, query))]);
  console.log(formatTable([`${name}: a page of 50`, "events", "median", "slowest"], pages));
  const verifying = performance.now();
  const report = await log.verifyChain();
  const verifySeconds = (performance.now() - verifying) / 1_000;
  if (!report.isWhole) throw new Error(`link ${report.link}: ${report.reason}`);
  console.log(`\nVerified ${whole(report.links)} links in ${verifySeconds.toFixed(1)} s.\n`);
  await store.close();
}

function event(number: number): NewEvent {
  // A few subjects and types have most of the events.
  const skewed = (count: number) => Math.floor(count * Math.random() ** 3);
  const type = skewed(types);
  return {
    type: `area${type % 8}.thing${type}`,
    severity: severities[4 - skewed(5)]!,
    subject: `uid=user${skewed(subjects)},ou=users,dc=example,dc=com`,
    source: "bench",
    actor: "uid=admin,dc=example,dc=com",
    data: { number, text: "x".repeat(100) },
  };
}

interface Appending {
  readonly writers: number;
  readonly seconds: number;
  readonly audit: boolean;
}

async function measureAppends(log: EventLog, { writers, seconds, audit }: Appending): Promise<string[]> {
  const durations: number[] = [];
  const began = performance.now();
  const until = began + seconds * 1_000;
  const write = async () => {
    for (let now = performance.now(); now < until; now = performance.now()) {
      await log.append({ ...event(durations.length), audit });
      durations.push(performance.now() - now);
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  const elapsed = (performance.now() - began) / 1_000;
  return [`${writers}${audit ? ", of the audit trail" : ""}`, whole(durations.length / elapsed), ...summary(durations)];
}

function summary(durations: number[]): [string, string] {
  durations.sort((one, other) => one - other);
  const at = (share: number) => `${(durations[Math.floor((durations.length - 1) * share)] ?? 0).toFixed(1)} ms`;
  return [at(0.5), at(0.99)];
}

/** One in ten of the audit trail, a second between each two. */
async function fill(log: EventLog, events: number): Promise<void> {
  const firstMs = Date.now() - events * 1_000;
  let next = 0;
  const write = async () => {
    for (let number = next++; number < events; number = next++) {
      await log.append({ ...event(number), audit: number % 10 === 0, time: firstMs + number * 1_000 });
    }
  };
  await Promise.all(Array.from({ length: fillers }, write));
}

async function questions(log: EventLog): Promise<Record<string, EventQuery>> {
  const subject = (number: number) => `uid=user${number},ou=users,dc=example,dc=com`;
  const middle = Date.now() - 500_000_000;
  let cursor: string | undefined;
  for (let page = 0; page < 100; page += 1) {
    cursor = (await log.query(cursor === undefined ? {} : { cursor })).cursor;
    if (cursor === undefined) break;
  }
  return {
    "the timeline's first": {},
    "the timeline's hundredth": cursor === undefined ? {} : { cursor },
    "the oldest": { order: "oldest first" },
    "before a day in the middle": { until: middle },
    "the busiest subject": { subject: subject(0) },
    "a quiet subject": { subject: subject(subjects - 3) },
    "a subject and a rare type": { subject: subject(0), types: [`area${(types - 1) % 8}.thing${types - 1}`] },
    "the commonest type": { types: ["area0.thing0"] },
    "types below a name": { types: ["area1.*"] },
    "types below two names, grave": { types: ["area6.*", "area7.*"], severities: ["critical"] },
    "critical and high": { severities: ["critical", "high"] },
    "the audit trail": { audit: true },
    nothing: { subject: "nobody" },
  };
}

async function time(log: EventLog, query: EventQuery): Promise<[string, string, string]> {
  const durations: number[] = [];
  let found = 0;
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const began = performance.now();
    found = (await log.query(query)).events.length;
    durations.push(performance.now() - began);
  }
  durations.sort((one, other) => one - other);
  const at = (index: number) => `${(durations.at(index) ?? 0).toFixed(1)} ms`;
  return [String(found), at(repetitions / 2), at(-1)];
}

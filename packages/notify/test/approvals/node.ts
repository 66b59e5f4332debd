/** A node of the service in this process: approvals, router and workers over a store, with the test's clock and channels. */
import {
  createLog,
  createMetrics,
  EventLog,
  eventMigrations,
  type Logger,
  type Metrics,
  openStore,
  type Store,
} from "@espalier/service";
import { onTestFinished } from "vitest";
import type { z } from "zod";
import { approvalActions } from "../../src/approvals/actions.ts";
import type { Approval, ApprovalRequest, Decision } from "../../src/approvals/approval.ts";
import { type ApprovalLimits, Approvals, type Asked } from "../../src/approvals/approvals.ts";
import { deliveriesConfig } from "../../src/deliveries/config.ts";
import { DeliveryWorkers } from "../../src/deliveries/workers.ts";
import { routesConfig } from "../../src/routes/config.ts";
import { Router } from "../../src/routes/router.ts";
import { notifyStoreMigrations } from "../../src/store-migrations.ts";
import { TestChannel } from "../deliveries/notifier.ts";

export const secondMs = 1_000;
export const hourMs = 3_600_000;
export const limits: ApprovalLimits = {
  expireAfter: 60 * secondMs,
  perHour: 10,
  lockAfterRejections: 2,
  lockAfterNotMe: 24 * hourMs,
};
export const publicUrl = "https://notify.example.com";
export const silent: Logger = createLog({ destination: () => undefined }).logger("test");

export const login: ApprovalRequest = {
  username: "alice",
  realm: "dc=example,dc=com",
  service: "ldap",
  address: "192.0.2.7",
};

export class Clock {
  now = Date.parse("2026-01-10T12:00:00Z");
  readonly read = () => this.now;

  pass(ms: number): void {
    this.now += ms;
  }
}

export interface NodeOptions {
  readonly url: string;
  readonly clock?: Clock;
  readonly limits?: Partial<ApprovalLimits>;
  readonly routes?: z.input<typeof routesConfig>;
  readonly retries?: readonly string[];
}

export interface Node {
  readonly store: Store;
  readonly log: EventLog;
  readonly metrics: Metrics;
  readonly approvals: Approvals;
  /** What messages are sent to; the routes name it `phone`. */
  readonly phone: TestChannel;
  readonly clock: Clock;
  /** Routes what there is, and sends what is due. */
  work(): Promise<void>;
  /** The types of all events, in the order of the log. */
  types(): Promise<readonly string[]>;
}

export async function startNode({
  url,
  clock = new Clock(),
  routes,
  retries = ["0s"],
  ...options
}: NodeOptions): Promise<Node> {
  const store = await openStore({ url, migrations: [eventMigrations, ...notifyStoreMigrations], logger: silent });
  onTestFinished(() => store.close());
  const metrics = createMetrics();
  const now = clock.read;
  const log = new EventLog({ store, logger: silent, metrics, dedupeWindowMs: hourMs, now });
  const approvals = new Approvals({
    store,
    log,
    limits: { ...limits, ...options.limits },
    logger: silent,
    metrics,
    now,
  });
  onTestFinished(() => approvals.close());
  const phone = new TestChannel("phone");
  const surroundings = { store, log, logger: silent, metrics, now };
  const router = new Router({
    ...surroundings,
    routes: routesConfig.parse(routes ?? [{ match: { type: "approval.requested" }, channels: ["phone"] }]),
    channels: ["phone"],
    firstWaitMs: 0,
  });
  const workers = new DeliveryWorkers({
    ...surroundings,
    channels: [phone],
    config: deliveriesConfig.parse({ retries }),
    actionsFor: approvalActions(approvals, () => publicUrl),
    publicUrl,
  });
  return {
    ...{ store, log, metrics, approvals, phone, clock },
    async work() {
      await router.route();
      await workers.deliver();
    },
    async types() {
      const { events } = await log.query({ order: "oldest first", limit: 500 });
      return events.map(({ type }) => type);
    },
  };
}

/** The approval that was asked for or joined. @throws Error where nobody was asked */
export function approvalOf(asked: Asked): Approval {
  if (asked.outcome === "refused") throw new Error(`refused: ${asked.refusal}`);
  return asked.approval;
}

export interface Link {
  readonly id: string;
  readonly channel: string;
  readonly token: string;
}

/** What is in the link of the newest message. */
export function linkOf({ phone }: Node): Link {
  const url = phone.messages.at(-1)?.actions[0]?.url;
  if (url === undefined) throw new Error("the newest message has no link");
  const [, id = ""] = /\/approvals\/([^/]+)\/decide\?/.exec(url) ?? [];
  const query = new URL(url).searchParams;
  return { id, channel: query.get("channel") ?? "", token: query.get("token") ?? "" };
}

/** Asks, and has the person answer by the link of the message. */
export async function askAndAnswer(node: Node, request: ApprovalRequest, decision: Decision): Promise<Approval> {
  const approval = approvalOf(await node.approvals.ask(request));
  await node.work();
  await node.approvals.decide(linkOf(node), decision);
  return approval;
}

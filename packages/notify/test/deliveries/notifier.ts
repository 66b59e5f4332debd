/** Router and workers over one store, with a clock of the test's own and channels in this process. */

import {
  createMetrics,
  type EventLog,
  type Metrics,
  type NewEvent,
  type Store,
  type StoredEvent,
} from "@espalier/service";
import type { StoreDatabases } from "@espalier/tests/lab";
import type { z } from "zod";
import type { Channel, SendOutcome } from "../../src/channels/channel.ts";
import type { Message } from "../../src/channels/message.ts";
import type { ComposeOptions } from "../../src/deliveries/compose.ts";
import { deliveriesConfig } from "../../src/deliveries/config.ts";
import { DeadLetters } from "../../src/deliveries/dead-letters.ts";
import { DeliveryWorkers } from "../../src/deliveries/workers.ts";
import { Incidents } from "../../src/routes/acknowledgement.ts";
import { routesConfig } from "../../src/routes/config.ts";
import { Router } from "../../src/routes/router.ts";
import { createEventLog, openTestStore, silent } from "./databases.ts";

export const secondMs = 1_000;
export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

export const delivered: SendOutcome = { status: "delivered" };

/** A channel that remembers what it was sent, and answers as it is told to. */
export class TestChannel implements Channel {
  readonly name: string;
  readonly kind = "webhook";
  readonly concurrency: number;
  readonly messages: Message[] = [];
  answer: (message: Message, signal: AbortSignal) => SendOutcome | Promise<SendOutcome> = () => delivered;

  constructor(name: string, concurrency = 4) {
    this.name = name;
    this.concurrency = concurrency;
  }

  async send(message: Message, signal: AbortSignal): Promise<SendOutcome> {
    this.messages.push(message);
    return this.answer(message, signal);
  }

  async close(): Promise<void> {}

  get titles(): readonly string[] {
    return this.messages.map(({ title }) => title);
  }

  /** What was sent since the last look. */
  take(): readonly Message[] {
    return this.messages.splice(0);
  }
}

export interface NotifierOptions extends ComposeOptions {
  readonly routes: z.input<typeof routesConfig>;
  /** `mail` and `phone` unless told. */
  readonly channels?: readonly TestChannel[];
  readonly deliveries?: z.input<typeof deliveriesConfig>;
  readonly start?: string;
}

export interface Notifier {
  readonly store: Store;
  readonly log: EventLog;
  readonly metrics: Metrics;
  readonly incidents: Incidents;
  readonly deadLetters: DeadLetters;
  readonly now: number;
  channel(name: string): TestChannel;
  /** Stores the event, routes it, and sends what is due. */
  happen(event: Partial<NewEvent>): Promise<StoredEvent>;
  /** Lets time pass, and then does what is due. */
  pass(ms: number): Promise<void>;
  /** The workers of another node, which share what there is to send. */
  readonly workers: DeliveryWorkers;
  readonly router: Router;
}

export async function createNotifier(databases: StoreDatabases, options: NotifierOptions): Promise<Notifier> {
  const { channels = [new TestChannel("mail"), new TestChannel("phone")], start = "2026-01-10T12:00:00Z" } = options;
  let now = Date.parse(start);
  const clock = () => now;
  const store = await openTestStore(await databases.create());
  const log = createEventLog(store, clock);
  const config = deliveriesConfig.parse(options.deliveries ?? {});
  const metrics = createMetrics();
  const surroundings = { store, log, logger: silent, metrics, now: clock };
  const router = new Router({
    ...surroundings,
    routes: routesConfig.parse(options.routes),
    channels: channels.map(({ name }) => name),
    firstWaitMs: config.retries[0] ?? 0,
  });
  const { actionsFor, publicUrl } = options;
  const workers = new DeliveryWorkers({ ...surroundings, channels, config, random: () => 0.5, actionsFor, publicUrl });
  const work = async () => {
    await router.route();
    await workers.deliver();
  };
  return {
    ...{ store, log, metrics, workers, router },
    incidents: new Incidents({ store, log, now: clock }),
    deadLetters: new DeadLetters({ store, log, now: clock }),
    get now() {
      return now;
    },
    channel(name) {
      const channel = channels.find((each) => each.name === name);
      if (channel === undefined) throw new Error(`the test has no channel ${name}`);
      return channel;
    },
    async happen(event) {
      const basis = { type: "entry.modified", severity: "info", subject: "ldap1", source: "test" } as const;
      const stored = await log.append({ ...basis, ...event });
      await work();
      return stored;
    },
    async pass(ms) {
      now += ms;
      await work();
      // What a failed attempt or a lost channel has reported.
      await work();
    },
  };
}

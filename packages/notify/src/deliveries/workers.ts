/**
 * The workers of one node: they take deliveries that are due and send them, each channel as many at a time as it allows.
 *
 * Any number of nodes may do so. A delivery that is being sent has an owner until its lease is over; what the owner settles
 * after that does not count. So an attempt is made twice only when its node was lost with it.
 */
import { randomUUID } from "node:crypto";
import { type EventLog, type Logger, type Metrics, type Store, StoreError, sql } from "@espalier/service";
import type { Channel, SendOutcome } from "../channels/channel.ts";
import type { Message } from "../channels/message.ts";
import { type ChannelState, readChannelStates } from "./channel-state.ts";
import { type ComposeOptions, composeMessage, type DeliveryContent, readContents } from "./compose.ts";
import type { DeliveriesConfig } from "./config.ts";
import { type DeliveryRow, deliveriesWake } from "./delivery.ts";
import { DeliveryInstruments } from "./instruments.ts";
import { Loop } from "./loop.ts";
import { type AttemptOutcome, settle } from "./settle.ts";
import { buryPending, releaseLapsed, takeDue } from "./take.ts";

export interface WorkersOptions extends ComposeOptions {
  readonly store: Store;
  readonly log: EventLog;
  readonly channels: readonly Channel[];
  readonly config: DeliveriesConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly now?: () => number;
  /** From 0 up to but not including 1. */
  readonly random?: () => number;
}

/** A look without being woken. */
const maxPauseMs = 2_000;
/** Between two attempts to tell the store what came of one. */
const settleRetryMs = 500;
/** The share of a lease after which an attempt is broken off, and that after which it is not waited for any more. */
const patience = 0.75;
const lastPatience = 0.9;

export class DeliveryWorkers {
  readonly #options: WorkersOptions;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #owner = randomUUID();
  readonly #instruments: DeliveryInstruments;
  readonly #loop: Loop;
  readonly #sending = new Map<string, Set<Promise<void>>>();
  readonly #stopping = new AbortController();
  #states: ReadonlyMap<string, ChannelState> = new Map();
  #unsubscribe: (() => void) | undefined;
  #isStarted = false;

  constructor(options: WorkersOptions) {
    const { store, channels, logger, metrics, now = Date.now, random = Math.random } = options;
    this.#options = options;
    this.#now = now;
    this.#random = random;
    this.#instruments = new DeliveryInstruments({ store, channels, metrics, now });
    this.#loop = new Loop({ name: "delivery", step: () => this.#step(), logger });
  }

  start(): void {
    this.#isStarted = true;
    this.#unsubscribe = this.#options.store.onWake(deliveriesWake, () => this.#loop.wake());
    this.#loop.wake();
  }

  /** Takes nothing more, and waits for what is being sent; once the signal is aborted that is broken off, to be tried again. */
  async stop(signal?: AbortSignal): Promise<void> {
    this.#unsubscribe?.();
    await this.#loop.stop();
    const abort = () => this.#stopping.abort();
    if (signal?.aborted === true) abort();
    signal?.addEventListener("abort", abort, { once: true });
    await this.#settled();
    signal?.removeEventListener("abort", abort);
  }

  /** Sends what is due and waits for it, also for what becomes due by it. Resolves to how many attempts were made. */
  async deliver(): Promise<number> {
    let count = 0;
    for (;;) {
      const taken = await this.#takeAndSend();
      await this.#settled();
      if (taken === 0) return count;
      count += taken;
    }
  }

  async #settled(): Promise<void> {
    await Promise.all([...this.#sending.values()].flatMap((each) => [...each]));
  }

  async #step(): Promise<number> {
    const { store } = this.#options;
    const now = this.#now();
    const row = await store.first<Record<"due" | "lapsing" | "next", number | null>>(
      sql`SELECT (SELECT min(due_at) FROM deliveries WHERE state = 'pending') AS due,
        (SELECT min(due_at) FROM deliveries WHERE state = 'sending') AS lapsing,
        (SELECT min(due_at) FROM deliveries WHERE state = 'pending' AND due_at > ${now}) AS next`,
    );
    const { due, lapsing, next } = row ?? { due: null, lapsing: null, next: null };
    if ((due ?? now + 1) <= now || (lapsing ?? now + 1) <= now) {
      // Whatever is due beyond this waits for a channel, whose next message to end wakes us.
      await this.#takeAndSend();
    }
    const pauses = [...this.#states.values()].flatMap(({ pausedUntil }) => pausedUntil ?? []);
    const times = [...(next === null ? [] : [next]), ...(lapsing === null ? [] : [lapsing]), ...pauses];
    const ahead = times.filter((time) => time > now).map((time) => time - now);
    return Math.min(maxPauseMs, ...ahead);
  }

  async #takeAndSend(): Promise<number> {
    const { store, channels, config } = this.#options;
    const now = this.#now();
    this.#states = await readChannelStates(store);
    const wanted = this.#openings(now);
    const disabled = channels.flatMap(({ name }) => {
      const reason = this.#states.get(name)?.disabled?.reason;
      return reason === undefined ? [] : [{ channel: name, reason: `the channel is disabled: ${reason}` }];
    });
    const leaseMs = config.lease;
    const { taken, lapsed } = await store.write(async (transaction) => {
      const lapsed = await releaseLapsed(transaction, { schedule: config.retries, now });
      const taken: DeliveryRow[] = [];
      for (const { channel, limit } of wanted) {
        taken.push(...(await takeDue(transaction, { channel, limit, owner: this.#owner, leaseMs, now })));
      }
      for (const each of disabled)
        if ((await buryPending(transaction, { ...each, now })) > 0) transaction.wake(deliveriesWake);
      return { taken, lapsed };
    });
    for (const channel of lapsed) this.#instruments.count(channel, "lost");
    const contents = await readContents(store, taken);
    for (const delivery of taken) this.#begin(delivery, contents.get(delivery.id));
    return taken.length;
  }

  /** How many more each channel may be sent. One that has asked for less is sent one at a time until it takes one. */
  #openings(now: number): readonly { readonly channel: string; readonly limit: number }[] {
    const { channels, config } = this.#options;
    let left = config.concurrency;
    for (const { size } of this.#sending.values()) left -= size;
    return channels.flatMap(({ name, concurrency }) => {
      const { disabled, pausedUntil = 0, pauses = 0 } = this.#states.get(name) ?? {};
      if (disabled !== undefined || pausedUntil > now) return [];
      const allowed = (pauses > 0 ? 1 : concurrency) - (this.#sending.get(name)?.size ?? 0);
      const limit = Math.min(allowed, left);
      if (limit <= 0) return [];
      left -= limit;
      return [{ channel: name, limit }];
    });
  }

  #begin(delivery: DeliveryRow, content: DeliveryContent | undefined): void {
    const channel = this.#options.channels.find(({ name }) => name === delivery.channel);
    if (channel === undefined) return;
    const sending = this.#sending.get(channel.name) ?? new Set();
    this.#sending.set(channel.name, sending);
    const done = this.#attempt(channel, delivery, content).finally(() => {
      sending.delete(done);
      if (this.#isStarted) this.#loop.wake();
    });
    sending.add(done);
  }

  async #attempt(channel: Channel, delivery: DeliveryRow, content: DeliveryContent | undefined): Promise<void> {
    const { logger } = this.#options;
    const outcome = await this.#outcomeOf(channel, delivery, content);
    const settled = await this.#settle(channel, delivery, outcome);
    // A lost one is counted where it is found.
    if (settled !== undefined && settled !== "lost") this.#instruments.count(channel.name, settled);
    if (settled === "success") this.#instruments.delivered(delivery);
    const fields = { channel: channel.name, delivery: delivery.id, attempt: delivery.attempt };
    const reason = "reason" in outcome ? outcome.reason : undefined;
    if (settled === "success") logger.debug("delivered", fields);
    else if (settled === "retry") logger.info("not delivered yet", { ...fields, reason });
    else if (settled === "failure") logger.warn("not delivered: it is a dead letter now", { ...fields, reason });
    else if (settled !== "expired") logger.warn("the lease was over before the attempt was", { ...fields, reason });
  }

  async #outcomeOf(
    channel: Channel,
    delivery: DeliveryRow,
    content: DeliveryContent | undefined,
  ): Promise<AttemptOutcome> {
    if (delivery.expires_at !== null && delivery.expires_at <= this.#now()) return { status: "expired" };
    if (content === undefined) return { status: "failed", reason: "the log has removed its events" };
    const begun = performance.now();
    try {
      return await this.#send(channel, await composeMessage(delivery, content, this.#options));
    } catch (error) {
      this.#options.logger.error("a message could not be made or sent", { channel: channel.name, error });
      return { status: "retry", reason: "the message could not be made or sent: the log of the service says why" };
    } finally {
      this.#instruments.took(channel.name, performance.now() - begun);
    }
  }

  /** A channel that does not heed its signal is not waited for. */
  async #send(channel: Channel, message: Message): Promise<SendOutcome> {
    const { lease } = this.#options.config;
    const tooLate = Promise.withResolvers<SendOutcome>();
    const timeout = new AbortController();
    const reason = "no answer in time";
    const timers = [
      setTimeout(() => timeout.abort(), lease * patience),
      setTimeout(() => tooLate.resolve({ status: "retry", reason }), lease * lastPatience),
    ];
    try {
      const signal = AbortSignal.any([timeout.signal, this.#stopping.signal]);
      return await Promise.race([channel.send(message, signal), tooLate.promise]);
    } finally {
      for (const timer of timers) clearTimeout(timer);
    }
  }

  /** For as long as the lease lasts; `undefined` when the store could not be told. */
  async #settle(channel: Channel, delivery: DeliveryRow, outcome: AttemptOutcome) {
    const { store, log, config } = this.#options;
    for (;;) {
      const now = this.#now();
      try {
        const options = { log, channel, delivery, owner: this.#owner, outcome, config, now, random: this.#random };
        const { failingSince, pauses = 0 } = this.#states.get(channel.name) ?? {};
        const hadTrouble = failingSince !== undefined || pauses > 0;
        return await store.write((transaction) => settle(transaction, { ...options, hadTrouble }));
      } catch (error) {
        if (!(error instanceof StoreError) || now + settleRetryMs >= delivery.due_at) {
          this.#options.logger.debug("what came of an attempt could not be stored", { delivery: delivery.id, error });
          return undefined;
        }
        await new Promise((resolve) => setTimeout(resolve, settleRetryMs));
      }
    }
  }
}

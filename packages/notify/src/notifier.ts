/** What goes out: the router, the workers and their channels, made anew by each reload. */
import { ConfigurationError, type EventLog, type Logger, type Metrics, type Store } from "@espalier/service";
import type { Channel } from "./channels/channel.ts";
import { createChannel } from "./channels/create-channel.ts";
import { type NotifyConfig, routesOf } from "./config.ts";
import type { ActionsFor } from "./deliveries/compose.ts";
import { DeliveryWorkers } from "./deliveries/workers.ts";
import { AddressPolicy } from "./outbound/address-policy.ts";
import type { Route } from "./routes/config.ts";
import { Router } from "./routes/router.ts";

export interface NotifierOptions {
  readonly config: NotifyConfig;
  readonly store: Store;
  readonly log: EventLog;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Beside those of the configuration; the router names none of them by itself. */
  readonly ownChannels: readonly Channel[];
  readonly ownRoutes: readonly Route[];
  readonly actionsFor?: ActionsFor;
}

export class Notifier {
  readonly channels: readonly Channel[];
  readonly #router: Router;
  readonly #workers: DeliveryWorkers;
  readonly #configured: readonly Channel[];

  /** @throws ConfigurationError when a channel cannot be made */
  constructor(options: NotifierOptions) {
    const { config, store, log, logger, metrics, ownChannels, ownRoutes, actionsFor } = options;
    this.#configured = createChannels(config, logger);
    this.channels = [...this.#configured, ...ownChannels];
    const shared = { store, log, metrics };
    this.#router = new Router({
      ...shared,
      logger: logger.child("routes"),
      routes: [...routesOf(config), ...ownRoutes],
      channels: this.#configured.map(({ name }) => name),
      firstWaitMs: config.deliveries.retries[0] ?? 0,
    });
    this.#workers = new DeliveryWorkers({
      ...shared,
      logger: logger.child("deliveries"),
      channels: this.channels,
      config: config.deliveries,
      publicUrl: config.publicUrl,
      actionsFor,
    });
  }

  start(): void {
    this.#router.start();
    this.#workers.start();
  }

  /** Finishes what is being sent; once the signal is aborted that is broken off, and is tried again by whoever comes next. */
  async stop(signal?: AbortSignal): Promise<void> {
    await this.#router.stop();
    await this.#workers.stop(signal);
    await Promise.all(this.#configured.map((channel) => channel.close()));
  }
}

/** @throws ConfigurationError */
export function createChannels(config: NotifyConfig, logger: Logger): readonly Channel[] {
  const outbound = new AddressPolicy(config.outbound.allow);
  return Object.entries(config.channels).map(([name, channel]) => {
    try {
      return createChannel(channel, { name, outbound, logger: logger.child("channels"), publicUrl: config.publicUrl });
    } catch (error) {
      const path = `notify.channels.${name}`;
      throw new ConfigurationError([{ path, source: undefined, message: (error as Error).message }]);
    }
  });
}

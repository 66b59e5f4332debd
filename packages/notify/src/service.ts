/** The notification service: webhooks in, the log between, messages out; from start to drain. */
import type { AddressInfo } from "node:net";
import {
  ConfigurationError,
  type EventLog,
  type EventStore,
  formatHostPort,
  type Health,
  type HostPort,
  type Logger,
  type Metrics,
  ReusableMetrics,
  type Secret,
  type Store,
} from "@espalier/service";
import { createHttpServer } from "@espalier/service/http";
import type { FastifyInstance } from "fastify";
import { approvalActions } from "./approvals/actions.ts";
import { Approvals } from "./approvals/approvals.ts";
import { approvalRoutes } from "./approvals/plugin.ts";
import { Canary, canaryRoute } from "./canary.ts";
import type { NotifyConfig } from "./config.ts";
import { Loop } from "./deliveries/loop.ts";
import { removeOldDeliveries } from "./deliveries/retention.ts";
import { verifierOf } from "./hooks/config.ts";
import { flushDigests } from "./hooks/digests.ts";
import { hookMetrics } from "./hooks/metrics.ts";
import { type HookObserver, HookReceiver } from "./hooks/receiver.ts";
import { Rejections } from "./hooks/rejections.ts";
import { Sightings } from "./hooks/sightings.ts";
import { HookSource } from "./hooks/source.ts";
import { ApiKeys } from "./http/api-keys.ts";
import { eventRoutes } from "./http/event-routes.ts";
import { healthRoutes } from "./http/health-routes.ts";
import { hookRequestName, hookRoutes } from "./http/hook-routes.ts";
import { incidentRoutes } from "./http/incident-routes.ts";
import { countRequests, type HookInstruments } from "./http/request-metrics.ts";
import { Notifier } from "./notifier.ts";
import { QueueWatch } from "./queue-watch.ts";
import { Incidents } from "./routes/acknowledgement.ts";

export interface NotifyServiceOptions {
  readonly config: NotifyConfig;
  /** Opened with {@link notifyStoreMigrations}; whoever opens it closes it, after the drain. */
  readonly openStore: (signal: AbortSignal) => Promise<EventStore>;
  readonly log: Logger;
  readonly health: Health;
  readonly metrics: Metrics;
}

const tendIntervalMs = 1_000;
const watchIntervalMs = 15_000;
const retainIntervalMs = 3_600_000;
const sweepIntervalMs = 1_000;
const closeIdleIntervalMs = 100;
const maxBodyBytes = 256 * 1_024;
/** Shorter ones can be guessed. */
const minSecretLength = 16;

/** What there is once the store is open. */
interface Running {
  readonly store: Store;
  readonly log: EventLog;
  readonly receiver: HookReceiver;
  readonly rejections: Rejections;
  readonly sightings: Sightings;
  readonly queue: QueueWatch;
  readonly approvals: Approvals | undefined;
  readonly loops: readonly Loop[];
  readonly app: FastifyInstance;
  notifier: Notifier;
}

export class NotifyService {
  readonly #options: NotifyServiceOptions;
  readonly #logger: Logger;
  readonly #instruments: HookInstruments;
  readonly #outgoing: ReusableMetrics;
  readonly #keys: ApiKeys;
  /** Also those that may ask for approvals and do nothing else. */
  readonly #approvalKeys: ApiKeys;
  readonly #canary: Canary | undefined;
  readonly #closing = new AbortController();
  #config: NotifyConfig;
  #sources: readonly HookSource[];
  #running: Running | undefined;

  /** @throws ConfigurationError when a file that the configuration names cannot be used */
  constructor(options: NotifyServiceOptions) {
    const { config, log, metrics } = options;
    this.#options = options;
    this.#config = config;
    this.#logger = log;
    this.#sources = createSources(config);
    this.#instruments = metrics.register(hookMetrics);
    this.#outgoing = new ReusableMetrics(metrics);
    this.#keys = new ApiKeys(config.apiKeys);
    this.#approvalKeys = new ApiKeys(approvalKeysOf(config));
    if (config.canary !== "off") {
      this.#canary = new Canary({ intervalMs: config.canary, logger: log.child("canary"), metrics });
    }
    this.#warn(config);
  }

  /** As it was last taken. */
  get config(): NotifyConfig {
    return this.#config;
  }

  /** Where it listens: known once it has started. */
  get address(): HostPort | undefined {
    const address = this.#running?.app.server.address() as AddressInfo | null | undefined;
    return address ? { host: address.address, port: address.port } : undefined;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { openStore, health } = this.#options;
    const { store, log } = await openStore(signal);
    signal.throwIfAborted();
    const sightings = new Sightings({ store, log, now: Date.now });
    const rejections = new Rejections(store, () => this.#instruments.rejections.labels({}).inc());
    const observer = this.#observer(sightings, rejections);
    const sources = this.#allSources();
    const receiver = new HookReceiver({ store, log, logger: this.#logger.child("hooks"), observer, sources });
    const queue = new QueueWatch(store);
    await sightings.begin(sources);
    const approvals = this.#createApprovals(store, log);
    const notifier = this.#createNotifier(store, log, approvals);
    const app = await this.#createServer(store, log, receiver, approvals);
    const parts = { store, log, receiver, rejections, sightings, queue, approvals };
    const loops = this.#createLoops(parts);
    this.#running = { ...parts, app, loops, notifier };
    health.register("deliveries", () => queue.check());
    if (this.#canary !== undefined) health.register("canary", () => this.#canary?.check() ?? { status: "ok" });
    notifier.start();
    for (const loop of loops) loop.wake();
    await app.listen({ host: this.#config.listen.host, port: this.#config.listen.port });
    const address = this.address;
    if (address === undefined) return;
    this.#logger.info("listening", {
      url: `http://${formatHostPort(address)}`,
      sources: this.#sources.map(({ name }) => name),
    });
    this.#canary?.start(address);
  }

  /** Takes sources, channels, routes and API keys. The rest needs a restart, which the log says. */
  async reload(config: NotifyConfig): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    const sources = createSources(config);
    const before = this.#config;
    this.#config = config;
    let notifier: Notifier;
    try {
      notifier = this.#createNotifier(running.store, running.log, running.approvals);
    } catch (error) {
      this.#config = before;
      throw error;
    }
    for (const key of ["listen", "trustedProxies", "canary", "approvals"] as const) {
      if (JSON.stringify(before[key]) !== JSON.stringify(config[key])) {
        this.#logger.warn(`notify.${key} has changed, which needs a restart`);
      }
    }
    this.#warn(config);
    this.#sources = sources;
    this.#keys.replace(config.apiKeys);
    this.#approvalKeys.replace(approvalKeysOf(config));
    running.receiver.replaceSources(this.#allSources());
    await running.sightings.begin(this.#allSources());
    const replaced = running.notifier;
    running.notifier = notifier;
    notifier.start();
    await replaced.stop();
  }

  async drain(signal: AbortSignal): Promise<void> {
    this.#canary?.stop();
    this.#closing.abort();
    const running = this.#running;
    if (running === undefined) return;
    running.approvals?.close();
    await closeServer(running.app, signal);
    for (const loop of running.loops) await loop.stop();
    const last = await Promise.allSettled([running.rejections.flush(), running.sightings.store()]);
    for (const { reason } of last.filter((each) => each.status === "rejected")) {
      this.#logger.debug("something about rejected or heard requests was not stored", { error: reason });
    }
    await running.notifier.stop(signal);
  }

  #allSources(): readonly HookSource[] {
    return [...this.#sources, ...(this.#canary === undefined ? [] : [this.#canary.source])];
  }

  #createApprovals(store: Store, log: EventLog): Approvals | undefined {
    const { approvals: limits } = this.#config;
    if (limits === undefined) return undefined;
    return new Approvals({
      store,
      log,
      limits,
      logger: this.#logger.child("approvals"),
      metrics: this.#options.metrics,
    });
  }

  #createNotifier(store: Store, log: EventLog, approvals: Approvals | undefined): Notifier {
    return new Notifier({
      config: this.#config,
      ...{ store, log, logger: this.#logger },
      metrics: this.#outgoing.renew(),
      ownChannels: this.#canary === undefined ? [] : [this.#canary.channel],
      ownRoutes: this.#canary === undefined ? [] : [canaryRoute()],
      ...(approvals && { actionsFor: approvalActions(approvals, () => this.#config.publicUrl) }),
    });
  }

  #createServer(
    store: Store,
    log: EventLog,
    receiver: HookReceiver,
    approvals: Approvals | undefined,
  ): Promise<FastifyInstance> {
    const { health, metrics } = this.#options;
    const { approvals: config } = this.#config;
    const closing = this.#closing.signal;
    const logger = this.#logger.child("http");
    return createHttpServer({
      trustedProxies: this.#config.trustedProxies,
      maxBodyBytes,
      logger,
      prepare: (app) => countRequests(app, metrics, this.#instruments, (request) => hookRequestName(receiver, request)),
      plugins: [
        hookRoutes(receiver),
        eventRoutes({ log, keys: this.#keys, logger, closing }),
        incidentRoutes(new Incidents({ store, log })),
        healthRoutes(health, store),
        ...(approvals && config ? [approvalRoutes({ approvals, keys: this.#approvalKeys, config, closing })] : []),
      ],
    });
  }

  #createLoops(parts: Omit<Running, "loops" | "app" | "notifier">): readonly Loop[] {
    const { store, log, rejections, sightings, queue, receiver, approvals } = parts;
    const logger = this.#logger;
    const tend = async () => {
      await rejections.flush();
      await sightings.store();
      await flushDigests(store, log, Date.now());
      await queue.look(Date.now());
      return tendIntervalMs;
    };
    const watch = async () => {
      for (const [source, count] of await sightings.watch(receiver.sources)) {
        this.#instruments.silent.labels({ source }).set(count);
      }
      return Math.min(
        watchIntervalMs,
        ...receiver.sources.map(({ alertAfterMs = watchIntervalMs }) => alertAfterMs / 4),
      );
    };
    const retain = async () => {
      const channels = new Set(this.#running?.notifier.channels.map(({ name }) => name) ?? []);
      const config = this.#config.deliveries;
      await removeOldDeliveries({ store, config, channels, now: Date.now(), signal: this.#closing.signal });
      await approvals?.forget();
      return retainIntervalMs;
    };
    const sweep = async () => ((await approvals?.sweep()) ? 0 : sweepIntervalMs);
    return [
      new Loop({ name: "tending webhooks", step: tend, logger }),
      new Loop({ name: "watching for silence", step: watch, logger }),
      new Loop({ name: "removing old deliveries", step: retain, logger }),
      new Loop({ name: "ending approvals", step: sweep, logger }),
    ];
  }

  #observer(sightings: Sightings, rejections: Rejections): HookObserver {
    const { authenticationFailures, duplicates, rateLimited, lastSeen } = this.#instruments;
    return {
      refused: ({ type }, failure) =>
        authenticationFailures.labels({ source_type: type, failure_reason: failure }).inc(),
      duplicate: ({ type }) => duplicates.labels({ source_type: type }).inc(),
      limited: ({ type }, action) => rateLimited.labels({ source_type: type, action }).inc(),
      heard: (source, device, receivedMs) => {
        lastSeen.labels({ source: source.name }).set(receivedMs / 1_000);
        sightings.saw(source, device, receivedMs);
      },
      rejected: (request) => rejections.add(request),
    };
  }

  #warn(config: NotifyConfig): void {
    for (const warning of warningsOf(config)) this.#logger.warn(warning);
  }
}

function approvalKeysOf({ apiKeys, approvals }: NotifyConfig): readonly Secret[] {
  return [...apiKeys, ...(approvals?.keys ?? [])];
}

/** What works, and should be otherwise. */
export function warningsOf(config: NotifyConfig): readonly string[] {
  const warnings = Object.entries(config.sources).flatMap(([name, { secrets }]) =>
    secrets.some(({ value }) => value.reveal().length < minSecretLength)
      ? [
          `A secret of the source ${name} has less than ${minSecretLength} characters, which can be guessed: use a longer one.`,
        ]
      : [],
  );
  if (Object.keys(config.sources).length === 0) warnings.push("There is no source: no webhook is accepted.");
  if (Object.keys(config.channels).length === 0) warnings.push("There is no channel: nobody is told of anything.");
  return warnings;
}

/** @throws ConfigurationError */
export function createSources({ sources }: NotifyConfig): readonly HookSource[] {
  return Object.entries(sources).map(([name, written]) => {
    try {
      return new HookSource({ ...written, name, verifier: verifierOf(name, written) ?? "token" });
    } catch (error) {
      const path = `notify.sources.${name}`;
      throw new ConfigurationError([{ path, source: undefined, message: (error as Error).message }]);
    }
  });
}

/** Connections end with the answers that are under way on them. */
async function closeServer(app: FastifyInstance, signal: AbortSignal): Promise<void> {
  const timer = setInterval(() => app.server.closeIdleConnections(), closeIdleIntervalMs);
  const end = () => app.server.closeAllConnections();
  signal.addEventListener("abort", end, { once: true });
  try {
    await app.close();
  } finally {
    clearInterval(timer);
    signal.removeEventListener("abort", end);
  }
}

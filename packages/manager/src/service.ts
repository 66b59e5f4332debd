/** The manager: its parts put together over the store, served over HTTP, from start to drain. */
import type { AddressInfo } from "node:net";
import {
  type ClusterConfig,
  type EventLog,
  type EventStore,
  formatHostPort,
  type Health,
  type HostPort,
  type Logger,
  type Metrics,
  type Store,
} from "@espalier/service";
import { createHttpServer } from "@espalier/service/http";
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from "fastify";
import { addDocumentation } from "./api/documentation.ts";
import { ApiError } from "./api/problem.ts";
import type { ApiPart, Route } from "./api/route.ts";
import { apiRoutes } from "./api/routes.ts";
import { sendProblem, serveApi } from "./api/serve.ts";
import { DirectoryChanges } from "./changes/directory-changes.ts";
import { changePart } from "./changes/part.ts";
import { apiPrefix, listenAddress, type ManagerConfig } from "./config.ts";
import { NumberAllocator } from "./entries/number-allocator.ts";
import { entryPart } from "./entries/part.ts";
import { eventPart } from "./events/part.ts";
import { findingPart } from "./findings/part.ts";
import type { FindingSource } from "./findings/source.ts";
import { detailBody } from "./legacy/detail.ts";
import { addHealthRoute } from "./legacy/health.ts";
import { legacyPart } from "./legacy/part.ts";
import { monitoringPart } from "./monitoring/part.ts";
import { notificationPart } from "./notifications/part.ts";
import type { NotificationSource } from "./notifications/source.ts";
import { passwordPart } from "./passwords/part.ts";
import { type ReadingPart, readingPart } from "./reading/part.ts";
import { ReloadableClusters } from "./reloadable-clusters.ts";
import { type ReplicationPart, replicationPart } from "./replication/part.ts";
import { watchRequests } from "./request-metrics.ts";
import { addCors } from "./sessions/cors.ts";
import { readKeyFile } from "./sessions/key-file.ts";
import { parseIdentityKey } from "./sessions/open-session.ts";
import { createSessionService, type SessionService } from "./sessions/service.ts";
import { asOpenSession } from "./sessions/session-of.ts";
import { Vault } from "./sessions/vault.ts";
import { sloPart } from "./slos/part.ts";
import { Prometheus } from "./slos/prometheus.ts";
import { SloReader } from "./slos/slo-reader.ts";
import { storyPart } from "./stories/part.ts";
import { type TransferPart, transferPart } from "./transfer/part.ts";
import { limitUploadTime, uploadTimeoutMs } from "./upload-time.ts";

export interface ManagerServiceOptions {
  readonly config: ManagerConfig;
  readonly clusters: readonly ClusterConfig[];
  /** Opened with `managerStoreMigrations`; whoever opens it closes it, after the drain. */
  readonly openStore: (signal: AbortSignal) => Promise<EventStore>;
  readonly log: Logger;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly version: string;
  /** The checks of what runs, where this process makes them. */
  readonly findings?: FindingSource | undefined;
  /** What the store has of notifications, where they are configured. */
  readonly notifications?: ((opened: Pick<EventStore, "store" | "log">) => NotificationSource) | undefined;
  /** What else is served: the browser page. */
  readonly plugins?: readonly FastifyPluginAsync[];
}

/** Of JSON, where a route does not say otherwise. */
const maxBodyBytes = 1024 * 1024;
/** A DN in a query, escaped. The header with the URL in it may have 16 KiB in all. */
const maxUrlLength = 12_000;
const closeIdleIntervalMs = 100;

/** What there is once the store is open. */
interface Running {
  readonly clusters: ReloadableClusters;
  readonly sessions: SessionService;
  readonly reading: ReadingPart;
  readonly transfer: TransferPart;
  readonly replication: ReplicationPart;
  readonly app: FastifyInstance;
}

export class ManagerService {
  readonly #options: ManagerServiceOptions;
  readonly #logger: Logger;
  /** Streams of events end at once; other requests have the time of the drain. */
  readonly #closing = new AbortController();
  readonly #dropped = new AbortController();
  #config: ManagerConfig;
  #running: Running | undefined;

  constructor(options: ManagerServiceOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#logger = options.log;
  }

  /** Where it listens: known once it has started. */
  get address(): HostPort | undefined {
    const address = this.#running?.app.server.address() as AddressInfo | null | undefined;
    return address ? { host: address.address, port: address.port } : undefined;
  }

  /** @throws KeyFileError, CertificateError */
  async start(signal: AbortSignal): Promise<void> {
    const { openStore, health } = this.#options;
    const vault = new Vault(await readKeyFile(this.#config.keyFile));
    const { store, log } = await openStore(signal);
    signal.throwIfAborted();
    const running = await this.#assemble(store, log, vault);
    this.#running = running;
    health.register("clusters", () => clustersCheck(running.clusters));
    running.replication.start();
    await running.app.listen(listenAddress(this.#config));
    const { address } = this;
    if (address === undefined) return;
    this.#logger.info("listening", {
      url: `http://${formatHostPort(address)}${this.#config.contextPath}`,
      clusters: running.clusters.all.map(({ name }) => name),
    });
  }

  /** Takes the clusters, with their TLS files. The rest needs a restart, which the log says. @throws CertificateError */
  async reload({ config, clusters }: Pick<ManagerServiceOptions, "config" | "clusters">): Promise<void> {
    await this.#running?.clusters.replace(clusters);
    for (const key of Object.keys(config) as (keyof ManagerConfig)[]) {
      if (JSON.stringify(this.#config[key]) === JSON.stringify(config[key])) continue;
      this.#logger.warn(`manager.${key} has changed, which needs a restart`);
    }
    this.#config = config;
  }

  async drain(signal: AbortSignal): Promise<void> {
    this.#closing.abort(new ApiError("unavailable", "The service ends.", { retryAfter: 5 }));
    const running = this.#running;
    if (running === undefined) return;
    const { app, sessions, reading, transfer, replication, clusters } = running;
    await Promise.all([this.#closeServer(app, signal), transfer.close(signal), replication.close()]);
    reading.close();
    await sessions.close();
    await clusters.close();
  }

  async #assemble(store: Store, log: EventLog, vault: Vault): Promise<Running> {
    const { metrics } = this.#options;
    const config = this.#config;
    const logger = this.#logger;
    const now = Date.now;
    const clusters = await ReloadableClusters.create(this.#options.clusters, {
      ...{ logger: logger.child("clusters"), metrics, events: log },
      onRefused: (key) => sessions.sessions.refused(key),
    });
    const reading = readingPart({ clusters, store, log, metrics, now });
    const sessions = createSessionService({
      ...{ config, clusters, store, events: log, vault, logger: logger.child("sessions"), metrics },
      dropped(_cluster, key) {
        clusters.forget(key);
        const parts = parseIdentityKey(key);
        if (parts !== undefined) reading.endSession(parts.session);
      },
    });
    const seal = vault.sealingKey("undoing changes");
    const changes = new DirectoryChanges({ store, log, seal, logger: logger.child("changes"), metrics });
    const numbers = new NumberAllocator(store);
    const transfer = transferPart({
      ...{ clusters, changes, numbers, store, log, metrics, now },
      logger: logger.child("transfer"),
    });
    const passwords = passwordPart({
      ...{ clusters, changes, now },
      onOwnPasswordChanged: (session, { name }, password) =>
        sessions.sessions.passwordChanged(asOpenSession(session), name, password),
    });
    const replication = replicationPart({
      ...{ clusters, changes, store, log, metrics, config: config.replication, now },
      logger: logger.child("replication"),
    });
    const prometheus = config.prometheus && (await Prometheus.create(config.prometheus));
    const notifications = this.#options.notifications?.({ store, log });
    const parts = [
      sessions.part,
      reading,
      changePart({ clusters, changes }),
      entryPart({ clusters, changes, store, now }),
      passwords,
      transfer.part,
      monitoringPart({ clusters, now }),
      replication.part,
      eventPart({ log }),
      findingPart({ source: this.#options.findings }),
      sloPart({ reader: prometheus && new SloReader({ prometheus, now }) }),
      notificationPart({ source: notifications }),
      storyPart({ log, source: notifications }),
    ];
    const legacy = legacyPart({
      ...{ clusters, changes, numbers, now },
      ...{ sessions: sessions.part.handlers, passwords: passwords.handlers, replication: replication.part.handlers },
    });
    const app = await this.#createServer({ clusters, store, sessions, parts, legacy });
    return { clusters, sessions, reading, transfer, replication, app };
  }

  #createServer(served: {
    readonly clusters: ReloadableClusters;
    readonly store: Store;
    readonly sessions: SessionService;
    readonly parts: readonly ApiPart[];
    readonly legacy: ApiPart;
  }): Promise<FastifyInstance> {
    const { clusters, store, sessions, parts, legacy } = served;
    const { metrics, version, plugins = [] } = this.#options;
    const { trustedProxies, allowedOrigins, contextPath } = this.#config;
    const logger = this.#logger.child("http");
    const prefix = apiPrefix(this.#config);
    const serving = {
      ...{ authenticate: sessions.authenticate, logger },
      ...{ closing: this.#closing.signal, dropped: this.#dropped.signal },
    };
    return createHttpServer({
      ...{ trustedProxies, maxBodyBytes, maxUrlLength, logger },
      requestTimeoutMs: uploadTimeoutMs,
      prepare(app) {
        watchRequests(app, metrics, logger);
        limitUploadTime(app);
        addCors(app, allowedOrigins);
      },
      plugins: [
        async (app) => {
          addDocumentation(app, { tables: [apiRoutes], version, prefix });
          serveApi(app, { ...serving, parts, prefix, signInPath: `${contextPath}/sign-in` });
          serveApi(app, { ...serving, parts: [legacy], prefix: contextPath, errorBody: detailBody });
          const health = { clusters, version, contextPath, now: Date.now };
          addHealthRoute(
            app,
            { ...health, poolSize: () => clusters.connectionCount, storeCheck: () => store.check() },
            (request) => isSignedIn(request, sessions),
          );
          app.register(notFound(prefix, logger), { prefix });
        },
        ...plugins,
      ],
    });
  }

  /** Connections end with the answers that are under way on them. */
  async #closeServer(app: FastifyInstance, signal: AbortSignal): Promise<void> {
    const timer = setInterval(() => app.server.closeIdleConnections(), closeIdleIntervalMs);
    const end = () => {
      this.#dropped.abort(new ApiError("unavailable", "The service ends.", { retryAfter: 5 }));
      app.server.closeAllConnections();
    };
    signal.addEventListener("abort", end, { once: true });
    try {
      await app.close();
    } finally {
      clearInterval(timer);
      signal.removeEventListener("abort", end);
    }
  }
}

const publicRoute: Route = { summary: "", tag: "", access: "public" };

/** As far as can be told: the store may be away. */
async function isSignedIn(request: FastifyRequest, { authenticate }: SessionService): Promise<boolean> {
  if (request.headers.cookie === undefined) return false;
  return (await authenticate(request, publicRoute).catch(() => undefined)) !== undefined;
}

function notFound(prefix: string, logger: Logger): FastifyPluginAsync {
  const error = new ApiError("not_found", `There is no such route: ${prefix}/docs has those that there are.`);
  return async (app) => {
    app.setNotFoundHandler((request, reply) => sendProblem(error, request, reply, { logger }));
    // Else the browser page, which takes every path below its own, would take these too.
    app.get("/*", (_request, reply) => reply.callNotFound());
  };
}

/** On the listener for health and metrics, which is private: with the nodes that do not answer. */
function clustersCheck({ all }: ReloadableClusters) {
  const down = all.flatMap((cluster) =>
    cluster.nodes().flatMap(({ name, state }) => (state === "down" ? [`${cluster.name}/${name}`] : [])),
  );
  if (down.length === 0) return { status: "ok" as const };
  const isAnyUp = all.some((cluster) => cluster.nodes().some(({ state }) => state !== "down"));
  return { status: isAnyUp ? ("degraded" as const) : ("error" as const), down };
}

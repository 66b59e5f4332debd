/** The gateway service: an LDAP server over one directory, from start to drain. */
import { Oid, rfc2307bisSchema } from "@espalier/ldap";
import { type ConnectionAdmission, createLdapServer, type LdapServer } from "@espalier/ldap/server";
import type { EventSink, Health, Logger, Metrics } from "@espalier/service";
import { AttemptKeys } from "./backoff/attempt.ts";
import { type BackoffLedger, LocalBackoffLedger } from "./backoff/ledger.ts";
import { type GatewayCertificate, gatewayCertificate } from "./certificate.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { type GatewayConfig, type ListenerSettings, listenersOf } from "./config.ts";
import { Directory } from "./directory.ts";
import { gatewayMetrics } from "./metrics.ts";
import { type GatewayInstruments, OperationObserver } from "./operation-observer.ts";
import type { SessionState } from "./session-state.ts";
import { bindControls, searchControls } from "./tree/published.ts";

export interface GatewayOptions {
  readonly config: GatewayConfig;
  readonly log: Logger;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly version: string;
  /** Where it reports that the database is away, and that it is back; without it only the log says so. */
  readonly events?: EventSink;
  /** Where several processes serve on one port: what they share. */
  readonly shared?: SharedState;
}

/** A listener with the address it was given. */
export interface ListeningOn extends ListenerSettings {
  readonly port: number;
}

/** What the processes that serve on one port have in common. */
export interface SharedState {
  readonly backoff: BackoffLedger;
  readonly attemptKeys: AttemptKeys;
  /** Counts connections over all of them. */
  readonly admission: ConnectionAdmission;
}

/** With fewer, a first load has used next to nothing that could be given back. */
const manyUsers = 1_000;

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #log: Logger;
  readonly #instruments: GatewayInstruments;
  readonly #backoff: BackoffLedger;
  readonly #attemptKeys: AttemptKeys;
  #config: GatewayConfig;
  #certificate: GatewayCertificate | undefined;
  #directory: Directory | undefined;
  #server: LdapServer<SessionState> | undefined;
  #isDatabaseAway = false;
  readonly #listening: ListeningOn[] = [];

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#log = options.log;
    this.#instruments = options.metrics.register(gatewayMetrics);
    this.#backoff = options.shared?.backoff ?? new LocalBackoffLedger();
    this.#attemptKeys = options.shared?.attemptKeys ?? new AttemptKeys(options.config.backoff);
  }

  get listening(): readonly ListeningOn[] {
    return this.#listening;
  }

  get certificate(): GatewayCertificate | undefined {
    return this.#certificate;
  }

  /** Resolves when it serves: the directory is loaded, the ports are open. */
  async start(signal: AbortSignal): Promise<void> {
    const { health, metrics } = this.#options;
    this.#certificate = await gatewayCertificate(this.#config, this.#log);
    const directory = this.#open(this.#config);
    this.#directory = directory;
    health.register("directory", () => this.#directory!.health());
    if (this.#certificate) health.register("certificate", () => this.#certificateHealth());
    metrics.onCollect(() => this.#collect());
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    await Promise.race([directory.refresher.loaded, aborted]);
    if (signal.aborted) return;
    if (directory.population.userCount > manyUsers) collectGarbage();
    this.#server = this.#createServer();
    for (const listener of listenersOf(this.#config)) await this.#listen(listener);
  }

  /**
   * Takes new certificates and a new configuration; only what the listeners are made of needs a restart.
   *
   * @throws CertificateError or SourceError, and then everything is as before
   */
  async reload(config: GatewayConfig): Promise<void> {
    const certificate = await gatewayCertificate(config, this.#log);
    const directory = this.#open(config);
    try {
      await directory.refresher.firstPass;
    } catch (error) {
      await directory.stop();
      throw error;
    }
    if (JSON.stringify(fixedAtStart(config)) !== JSON.stringify(fixedAtStart(this.#config))) {
      this.#log.warn("Other addresses to listen on, limits, exempt addresses and numbers of processes need a restart.");
    }
    if (certificate) {
      this.#server?.setSecureContext(certificate.secureContext);
      this.#certificate = certificate;
    }
    const before = this.#directory;
    this.#directory = directory;
    this.#config = config;
    await before?.stop();
    this.#log.info("The configuration has been read again.");
  }

  async drain(signal: AbortSignal): Promise<void> {
    const server = this.#server;
    if (server) {
      const abort = () => void server.close();
      signal.addEventListener("abort", abort, { once: true });
      const cutOff = await server.drain(this.#config.drainTimeout);
      signal.removeEventListener("abort", abort);
      if (cutOff > 0)
        this.#log.warn("Connections were cut off because draining took too long.", { connections: cutOff });
    }
    await this.#directory?.stop();
  }

  #open(config: GatewayConfig): Directory {
    const directory = new Directory({
      config,
      schema: rfc2307bisSchema,
      backoff: this.#backoff,
      attemptKeys: this.#attemptKeys,
      log: this.#log,
      now: Date.now,
      version: this.#options.version,
      offersStartTls: this.#certificate !== undefined,
      onPass: ({ durationMs, failed }) => {
        this.#instruments.refreshes.labels({ result: failed ? "failed" : "ok" }).observe(durationMs / 1000);
        this.#reportDatabase(directory);
      },
    });
    directory.start();
    return directory;
  }

  /** Once when it goes, once when it comes back. */
  #reportDatabase({ refresher, tree }: Directory): void {
    const since = refresher.outageSinceMs;
    if ((since !== undefined) === this.#isDatabaseAway) return;
    this.#isDatabaseAway = since !== undefined;
    const isServing = refresher.isServing();
    this.#options.events?.emit({
      type: since === undefined ? "database.reachable" : "database.unreachable",
      severity: since === undefined ? "info" : isServing ? "high" : "critical",
      subject: tree.base,
      source: "gateway",
      data: since === undefined ? {} : { reason: refresher.lastError, servesSearches: isServing },
    });
  }

  #createServer(): LdapServer<SessionState> {
    const { limits } = this.#config;
    const directory = () => this.#directory!;
    return createLdapServer<SessionState>({
      handler: {
        search: (request, operation) => directory().search(request, operation),
        compare: (request, operation) => directory().compare(request, operation),
        bind: (request, operation) => directory().bind(request, operation),
        supportedControls: { search: searchControls, compare: [Oid.manageDsaIT, Oid.assertion], bind: bindControls },
      },
      limits: {
        maxConnections: limits.connections,
        maxConnectionsPerAddress: limits.connectionsPerAddress,
        idleTimeoutMs: limits.idleTimeout,
        maxOperationsInFlight: limits.operationsInFlight,
        maxMessageBytes: limits.messageBytes,
      },
      observer: new OperationObserver(this.#log, this.#instruments),
      tls: this.#certificate?.secureContext,
      admission: this.#options.shared?.admission,
    });
  }

  async #listen(listener: ListenerSettings): Promise<void> {
    const { host, port, scheme } = listener;
    const reusePort = this.#options.shared !== undefined;
    const address = await this.#server!.listen({ host, port, secure: scheme === "ldaps", reusePort });
    this.#listening.push({ ...listener, port: address.port });
    this.#log.info(`Listening on ${scheme}://${host.includes(":") ? `[${host}]` : host}:${address.port}`);
  }

  #certificateHealth() {
    const { daysLeft, notAfter, subject } = this.#certificate!.loaded;
    const status = daysLeft < 0 ? ("error" as const) : daysLeft < 14 ? ("degraded" as const) : ("ok" as const);
    return { status, subject, notAfter: notAfter.toISOString(), daysLeft };
  }

  #collect(): void {
    const { connections, entries, skippedRows, snapshotAge, snapshotBytes, databaseAway, pendingHashes } =
      this.#instruments;
    const { refresher, population, snapshot, verifier } = this.#directory!;
    connections.labels({}).set(this.#server?.connections ?? 0);
    const { notAfter } = this.#certificate?.loaded ?? {};
    if (notAfter !== undefined) this.#instruments.certificateExpires.labels({}).set(notAfter.getTime() / 1_000);
    entries.labels({ kind: "user" }).set(population.userCount);
    entries.labels({ kind: "group" }).set(population.groupCount);
    skippedRows.labels({}).set(refresher.skipped.length);
    if (refresher.lastSuccessMs !== undefined)
      snapshotAge.labels({}).set((Date.now() - refresher.lastSuccessMs) / 1000);
    snapshotBytes.labels({}).set(snapshot.octets);
    databaseAway.labels({}).set(refresher.outageSinceMs === undefined ? 0 : 1);
    pendingHashes.labels({}).set(verifier.pending);
  }
}

/** Settings that a reload cannot change. */
function fixedAtStart(config: GatewayConfig) {
  const { limits, backoff, workers } = config;
  return { listeners: listenersOf(config), limits, backoff, workers };
}

/** The proxy service: listeners in front, backends behind, from start to drain. */
import { Oid } from "@espalier/ldap";
import type { EventSink, Health, Logger, Metrics } from "@espalier/service";
import type { Backend } from "./backend/backend.ts";
import { systemClock } from "./backend/clock.ts";
import { BackendSet } from "./backend-set.ts";
import { resolveClientLimits } from "./client/client-limits.ts";
import { ClientListeners } from "./client/client-listeners.ts";
import type { ClientTransport } from "./client/client-transport.ts";
import type { ProxyConfig } from "./config.ts";
import { ControlServer } from "./control/control-server.ts";
import { ProxyControl } from "./control/proxy-control.ts";
import { defaultDispatchLimits, type IdentityOptions } from "./dispatch/dispatch-options.ts";
import { createDispatcher } from "./dispatch/dispatcher.ts";
import { Firewall } from "./firewall/firewall.ts";
import type { FirewallOptions } from "./firewall/rule.ts";
import { formatListener } from "./firewall-config.ts";
import { ReplicationLag } from "./health/replication-lag.ts";
import { type ListenerCertificate, loadListenerCertificate } from "./listener-certificate.ts";
import { setBackendGauges } from "./observe/backend-metrics.ts";
import { HygieneReport } from "./observe/hygiene-report.ts";
import { proxyMetrics } from "./observe/metrics.ts";
import { OperationObserver } from "./observe/operation-observer.ts";
import type { ProxyInstruments } from "./observe/proxy-instruments.ts";
import { Tap } from "./observe/tap.ts";
import { type ProxyBackend, serviceAccount } from "./proxy-backend.ts";
import { mergeRootDse } from "./routing/root-dse.ts";
import { Router } from "./routing/router.ts";
import type { Tier } from "./routing/tier.ts";
import { Tiers } from "./routing/tiers.ts";
import { WriteAffinity } from "./routing/write-affinity.ts";
import { WriteNode } from "./routing/write-node.ts";
import { systemResolver } from "./upstream/server-addresses.ts";
import { loadUpstreamTls } from "./upstream-tls.ts";
import { WriteNodeFile } from "./write-node-file.ts";

export interface LdapProxyOptions {
  readonly config: ProxyConfig;
  readonly log: Logger;
  readonly events: EventSink;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly version: string;
}

/** Connections to backends may take this long to end once the last client is gone. */
const closeGraceMs = 500;

export class LdapProxy {
  readonly #options: LdapProxyOptions;
  readonly #log: Logger;
  readonly #instruments: ProxyInstruments;
  readonly #tap = new Tap();
  readonly #hygiene = new HygieneReport();
  readonly #tiers = new Tiers([]);
  readonly #lag = new ReplicationLag(systemClock);
  readonly #backends: BackendSet;
  readonly #firewall: Firewall;
  readonly #writeNodeFile: WriteNodeFile | undefined;
  readonly #startedAt = new Date();
  readonly #listening: string[] = [];
  #config: ProxyConfig;
  #certificate: ListenerCertificate | undefined;
  #writeNode: WriteNode | undefined;
  #listeners: ClientListeners | undefined;
  #control: ControlServer | undefined;

  constructor(options: LdapProxyOptions) {
    const { config, log, metrics } = options;
    this.#options = options;
    this.#config = config;
    this.#log = log;
    this.#instruments = metrics.register(proxyMetrics);
    this.#firewall = new Firewall(firewallOptionsOf(config));
    this.#writeNodeFile = config.control === "off" ? undefined : new WriteNodeFile(`${config.control}.write-node`, log);
    this.#backends = new BackendSet({
      log,
      resolver: systemResolver,
      changed: (config, tiers) => this.#tiersChanged(config, tiers),
    });
  }

  /** Where it listens: `ldap://127.0.0.1:389`. */
  get listening(): readonly string[] {
    return this.#listening;
  }

  /** Resolves when it serves: every backend has been checked once, whatever was found, and the ports are open. */
  async start(signal: AbortSignal): Promise<void> {
    const { health, metrics } = this.#options;
    const config = this.#config;
    this.#certificate = await loadListenerCertificate(config.tls, this.#log);
    health.register("backends", () => this.#backendsHealth());
    if (this.#certificate) health.register("listenerCertificate", () => this.#certificateHealth());
    metrics.onCollect(() => {
      const { notAfter } = this.#certificate?.loaded ?? {};
      if (notAfter !== undefined) this.#instruments.certificateExpires.labels({}).set(notAfter.getTime() / 1_000);
      setBackendGauges(this.#instruments, this.#backends.backends, this.#writeNode?.current?.name);
    });
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    await Promise.race([this.#applyBackends(config), aborted]);
    if (signal.aborted) return;
    const listeners = this.#createListeners(config);
    this.#listeners = listeners;
    for (const { scheme, host, port } of config.listen) {
      // So that the process which takes this one's place can listen before this one has ended.
      const address = await listeners.listen({ scheme, host, port, reusePort: true });
      this.#listening.push(formatListener({ scheme, host, port: address.port }));
      this.#log.info(`Listening on ${this.#listening.at(-1)}`);
    }
    await this.#openControl(config, listeners);
  }

  /**
   * Takes new certificates and a new configuration. Connections stay.
   *
   * @throws CertificateError, and then everything is as before
   */
  async reload(config: ProxyConfig): Promise<void> {
    const certificate = await loadListenerCertificate(config.tls, this.#log);
    // As whom operations run is the sessions' to know as well, and they keep what the start gave them.
    await this.#applyBackends({ ...config, identity: this.#config.identity });
    this.#firewall.setRules(firewallOptionsOf(config));
    if (certificate !== undefined && this.#certificate !== undefined) {
      this.#listeners?.setTls(certificate.tls);
      this.#reportCertificate(certificate);
      this.#certificate = certificate;
    }
    if (JSON.stringify(fixedAtStart(config)) !== JSON.stringify(fixedAtStart(this.#config))) {
      this.#log.warn(
        "Other addresses to listen on, a first certificate, limits of clients, identity, affinity, the way of failover, accessLog and control need a restart.",
      );
    }
    this.#config = { ...config, identity: this.#config.identity };
    this.#log.info("The configuration has been read again.");
  }

  async drain(signal: AbortSignal): Promise<void> {
    const listeners = this.#listeners;
    if (listeners) {
      const cutOff = () => void listeners.cutOff();
      signal.addEventListener("abort", cutOff, { once: true });
      const left = await listeners.drain(this.#config.drainTimeout);
      signal.removeEventListener("abort", cutOff);
      if (left > 0) this.#log.warn("Clients were cut off because draining took too long.", { connections: left });
    }
    this.#writeNode?.stop();
    await this.#backends.close(closeGraceMs);
    await this.#control?.close();
  }

  async #applyBackends(config: ProxyConfig): Promise<void> {
    const tls = await loadUpstreamTls(config.upstream);
    await this.#backends.apply(config, {
      tls,
      lag: this.#lag,
      acceptingCount: () => this.#tiers.acceptingCount,
      events: this.#events,
      clock: systemClock,
      random: Math.random,
    });
  }

  #tiersChanged(config: ProxyConfig, tiers: readonly Tier[]): void {
    this.#tiers.setTiers(tiers);
    const backends = writeBackendsOf(config, this.#tiers.backends);
    if (this.#writeNode) {
      this.#writeNode.setBackends(backends);
      return;
    }
    const kept = this.#writeNodeFile?.read();
    this.#writeNode = new WriteNode({
      backends,
      initial: backends.find(({ name }) => name === kept),
      failover: config.write.failover,
      holdDownMs: config.write.holdDown,
      verify: (backend) => (backend as ProxyBackend).monitor.verifyWritable(),
      clock: systemClock,
      events: this.#events,
    });
  }

  readonly #events: EventSink = {
    emit: (event) => {
      if (event.type === "write-node.changed") this.#writeNodeFile?.write(event.subject);
      this.#options.events.emit(event);
    },
  };

  #createListeners(config: ProxyConfig): ClientListeners {
    const { limits, affinity, identity, accessLog } = config;
    const observer = new OperationObserver({
      log: this.#log,
      metrics: this.#instruments,
      accessLog,
      tap: this.#tap,
      hygiene: this.#hygiene,
    });
    const dispatcher = createDispatcher({
      router: new Router({
        tiers: this.#tiers,
        writeNode: this.#writeNode!,
        affinity: new WriteAffinity({ afterWriteMs: affinity.afterWrite, clock: systemClock }),
      }),
      identity: identityOptionsOf(config),
      limits: {
        ...defaultDispatchLimits,
        maxPendingPerClient: limits.pendingPerClient,
        queueTimeoutMs: limits.queue,
      },
      firewall: this.#firewall,
      observer,
      events: this.#events,
      rootDse: (client) => this.#rootDse(client, identity.mode),
    });
    return new ClientListeners({
      session: (transport) => dispatcher.session(transport),
      limits: {
        maxConnections: limits.connections,
        maxConnectionsPerAddress: limits.connectionsPerAddress,
        maxMessageBytes: limits.messageBytes,
        maxPendingBytes: limits.buffer,
        idleTimeoutMs: limits.idleTimeout,
        anonymousIdleTimeoutMs: Math.min(limits.idleTimeout, resolveClientLimits().anonymousIdleTimeoutMs),
      },
      tls: this.#certificate?.tls,
      proxyProtocolFrom: config.proxyProtocol.from,
      observer,
    });
  }

  #rootDse(client: ClientTransport, mode: ProxyConfig["identity"]["mode"]) {
    const known = this.#tiers.backends.map(({ state }) => state.rootDse).filter((rootDse) => rootDse !== undefined);
    if (known.length === 0) return undefined;
    const isProxied = mode === "proxyauthz";
    return mergeRootDse(known, {
      startTls: client.canStartTls,
      external: isProxied && client.tls?.clientSubject !== undefined,
      hiddenControls: isProxied ? [Oid.proxiedAuthorization] : [],
    });
  }

  async #openControl({ control }: ProxyConfig, listeners: ClientListeners): Promise<void> {
    if (control === "off") return;
    const controlled = new ProxyControl({
      version: this.#options.version,
      startedAt: this.#startedAt,
      listening: this.#listening,
      tiers: this.#tiers,
      writeNode: this.#writeNode!,
      listeners,
      tap: this.#tap,
      hygiene: this.#hygiene,
    });
    this.#control = new ControlServer(control, controlled, this.#log.child("control"));
    await this.#control.listen();
  }

  #backendsHealth() {
    const backends = this.#tiers.backends.filter(({ state }) => state.admin === "ready");
    const isUp = ({ state }: Backend) => state.health === "up";
    const notUp = backends.filter((backend) => !isUp(backend)).map(({ name }) => name);
    const status = this.#tiers.isPanicking
      ? ("error" as const)
      : notUp.length > 0
        ? ("degraded" as const)
        : ("ok" as const);
    return { status, up: backends.length - notUp.length, notUp, writeNode: this.#writeNode?.current?.name ?? null };
  }

  #certificateHealth() {
    const { daysLeft, notAfter, subject } = this.#certificate!.loaded;
    const status = daysLeft < 0 ? ("error" as const) : daysLeft < 14 ? ("degraded" as const) : ("ok" as const);
    return { status, subject, notAfter: notAfter.toISOString(), daysLeft };
  }

  #reportCertificate({ loaded }: ListenerCertificate): void {
    if (loaded.fingerprint256 === this.#certificate?.loaded.fingerprint256) return;
    this.#events.emit({
      type: "certificate.reloaded",
      severity: "info",
      subject: loaded.subject,
      source: "proxy",
      data: { notAfter: loaded.notAfter.toISOString(), fingerprint256: loaded.fingerprint256 },
    });
  }
}

/** In their order: those that the configuration names, or all. */
function writeBackendsOf({ write }: ProxyConfig, backends: readonly Backend[]): readonly Backend[] {
  if (write.backends === undefined) return backends;
  return write.backends.flatMap((name) => backends.find((backend) => backend.name === name) ?? []);
}

function firewallOptionsOf({ firewall, readOnly, requireConfidentiality }: ProxyConfig): FirewallOptions {
  return { rules: firewall, readOnly, requireConfidentiality };
}

function identityOptionsOf({ identity, upstream }: ProxyConfig): IdentityOptions {
  switch (identity.mode) {
    case "session":
      return { mode: "session", replayBinds: identity.replayBinds, sharesAnonymous: !upstream.proxyProtocol };
    case "proxyauthz":
      return { mode: "proxyauthz", account: serviceAccount(identity)! };
    case "identity":
      return { mode: "identity" };
  }
}

/** Settings that a reload cannot change. */
function fixedAtStart({
  listen,
  tls,
  proxyProtocol,
  identity,
  affinity,
  limits,
  write,
  accessLog,
  control,
}: ProxyConfig) {
  const { failover, holdDown } = write;
  const hasCertificate = tls.certPath !== undefined;
  const password = identity.password?.reveal();
  return {
    listen,
    hasCertificate,
    proxyProtocol,
    identity,
    password,
    affinity,
    limits,
    failover,
    holdDown,
    accessLog,
    control,
  };
}

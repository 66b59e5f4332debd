/** One backend with all that belongs to it: its state, the connections to it, and the monitor that watches it. */
import type { EventSink } from "@espalier/service";
import type { Backend } from "./backend/backend.ts";
import { BackendState } from "./backend/backend-state.ts";
import type { Clock } from "./backend/clock.ts";
import { formatBackendUrl } from "./backend-url.ts";
import type { BackendSettings, ProxyConfig } from "./config.ts";
import { HealthMonitor } from "./health/health-monitor.ts";
import { LdapHealthCheck } from "./health/ldap-health-check.ts";
import type { ReplicationLag } from "./health/replication-lag.ts";
import { BackendConnections } from "./upstream/backend-connections.ts";
import type { UpstreamTls } from "./upstream-tls.ts";

/** What all backends of a proxy have in common. */
export interface BackendSurroundings {
  readonly config: ProxyConfig;
  readonly tls: UpstreamTls;
  readonly lag: ReplicationLag;
  readonly acceptingCount: () => number;
  readonly events: EventSink;
  readonly clock: Clock;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

/** Idle connections are probed well within the quarter of an hour after which servers and firewalls drop them. */
const keepAliveMs = 60_000;

export class ProxyBackend implements Backend {
  readonly name: string;
  readonly url: string;
  weight: number;
  readonly state: BackendState;
  readonly connections: BackendConnections;
  readonly monitor: HealthMonitor;

  /** @throws ParseError for a filter of the health check that is none. */
  constructor(
    settings: BackendSettings,
    { config, tls, lag, acceptingCount, events, clock, random }: BackendSurroundings,
  ) {
    const { upstream, health, identity, limits, write } = config;
    this.name = settings.name;
    this.url = formatBackendUrl(settings.url);
    this.weight = settings.weight;
    this.state = new BackendState({ clock, slowStartMs: health.slowStart });
    this.connections = new BackendConnections({
      name: settings.name,
      url: this.url,
      startTls: upstream.startTls && settings.url.scheme === "ldap",
      tls,
      connectTimeoutMs: upstream.connectTimeout,
      checkTimeoutMs: health.timeout,
      maxConnections: upstream.maxConnections,
      sharedConnections: upstream.sharedConnections,
      bindConnections: upstream.bindConnections,
      maxPending: upstream.maxPending,
      maxAgeMs: upstream.maxAge,
      keepAliveMs,
      resolveIntervalMs: upstream.resolveInterval,
      maxMessageBytes: limits.upstreamMessageBytes,
      sendsProxyHeader: upstream.proxyProtocol,
      service: serviceAccount(identity),
      bearsPipelining: () => this.state.bearsPipelining,
      onFailure: (lost) => this.monitor.failed(lost),
      onSuccess: () => this.monitor.succeeded(),
      random,
    });
    const check = new LdapHealthCheck({
      ask: (request, timeoutMs, controls) => this.connections.check(request, timeoutMs, controls),
      base: health.base,
      filter: health.filter,
      bind: checkAccount(config),
      readsReplicationState: true,
      probesWrites: write.failover === "automatic",
      clock,
    });
    this.monitor = new HealthMonitor({
      backend: this,
      check,
      intervalMs: health.interval,
      timeoutMs: health.timeout,
      rise: health.rise,
      fall: health.fall,
      holdDownMs: health.holdDown,
      maxLagMs: health.maxLag,
      lag,
      onUnreachable: (lost) => this.connections.lostContact(lost),
      events,
      acceptingCount,
      clock,
      random,
    });
  }

  /** Takes it out of use for good: no checks, no new connections, and those there are end within `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.monitor.stop();
    // Whoever knows it still, by what they wrote a moment ago, does not choose it any more.
    this.state.setAdmin("maint");
    await this.connections.close(graceMs);
  }
}

/** Only somebody who may write is told whether a server takes writes: the proxy's own account where no other is given. */
function checkAccount({ health, identity, write }: ProxyConfig) {
  if (health.bind !== undefined || write.failover === "manual") return health.bind;
  const { dn, password } = identity;
  return dn === undefined || password === undefined ? undefined : { dn, password };
}

/** Of mode `proxyauthz`. */
export function serviceAccount({ dn, password }: ProxyConfig["identity"]) {
  if (dn === undefined || password === undefined) return undefined;
  return { dn, password: Buffer.from(password.reveal()) };
}

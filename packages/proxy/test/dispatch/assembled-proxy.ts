/** The proxy's parts put together around a dispatcher, over backends that are up, for tests. */
import type { PartialAttribute } from "@espalier/ldap";
import { attribute } from "@espalier/ldap/client";
import type { NewEvent } from "@espalier/service";
import { BackendState } from "../../src/backend/backend-state.ts";
import { systemClock } from "../../src/backend/clock.ts";
import { ClientListeners, type ClientListenersOptions } from "../../src/client/client-listeners.ts";
import {
  type DispatchLimits,
  defaultDispatchLimits,
  type IdentityOptions,
} from "../../src/dispatch/dispatch-options.ts";
import { createDispatcher } from "../../src/dispatch/dispatcher.ts";
import { Firewall } from "../../src/firewall/firewall.ts";
import type { FirewallOptions } from "../../src/firewall/rule.ts";
import type { OperationRecord } from "../../src/observe/operation-record.ts";
import { Router } from "../../src/routing/router.ts";
import { createStrategy } from "../../src/routing/strategies.ts";
import type { StrategyName } from "../../src/routing/strategy.ts";
import { Tier } from "../../src/routing/tier.ts";
import { Tiers } from "../../src/routing/tiers.ts";
import { WriteAffinity } from "../../src/routing/write-affinity.ts";
import { WriteNode } from "../../src/routing/write-node.ts";
import { BackendConnections, type BackendConnectionsOptions } from "../../src/upstream/backend-connections.ts";
import { service } from "./recording-server.ts";

const openLdapRootDse = [
  attribute("objectClass", "top"),
  attribute("namingContexts", "dc=example,dc=com"),
  attribute("supportedLDAPVersion", "3"),
];

export interface AssembledOptions {
  /** In the order of the one tier; the first is the write node. */
  readonly urls: readonly string[];
  readonly mode?: IdentityOptions["mode"];
  readonly account?: { readonly dn: string; readonly password: string };
  readonly replayBinds?: boolean;
  readonly strategy?: StrategyName;
  readonly limits?: Partial<DispatchLimits>;
  readonly client?: ClientListenersOptions["limits"];
  readonly tls?: ClientListenersOptions["tls"];
  readonly upstream?: Partial<BackendConnectionsOptions>;
  readonly firewall?: Partial<FirewallOptions>;
  readonly afterWriteMs?: number;
  /** The root DSE; that of an OpenLDAP unless given. */
  readonly rootDse?: readonly PartialAttribute[];
  /** A backend is down from its first failure on. */
  readonly noticesFailures?: boolean;
  /** Called with each request, before anything is done with it. */
  readonly onRequest?: () => void;
}

export interface TestBackend {
  readonly name: string;
  readonly url: string;
  weight: number;
  readonly state: BackendState;
  readonly connections: BackendConnections;
}

export class AssembledProxy implements AsyncDisposable {
  readonly records: OperationRecord[] = [];
  readonly events: NewEvent[] = [];
  readonly backends: readonly TestBackend[];
  readonly listeners: ClientListeners;
  url = "";

  private constructor(options: AssembledOptions) {
    const { mode = "session", account = service, strategy = "round-robin", replayBinds = true } = options;
    const password = Buffer.from(account.password);
    this.backends = options.urls.map((url, index): TestBackend => {
      const state = new BackendState({ clock: systemClock, slowStartMs: 0 });
      state.setHealth("up", "a test says so");
      const name = `backend-${index + 1}`;
      const connections = new BackendConnections({
        ...{ name, url, startTls: false, tls: { verify: true }, connectTimeoutMs: 5_000, checkTimeoutMs: 2_000 },
        ...{ maxConnections: 16, sharedConnections: 2, bindConnections: 2, maxPending: 500, maxAgeMs: 3_600_000 },
        ...{
          keepAliveMs: 60_000,
          resolveIntervalMs: 30_000,
          maxMessageBytes: 16 * 1024 * 1024,
          sendsProxyHeader: false,
        },
        // As the health monitor has it of failures that it did not find itself.
        onFailure: options.noticesFailures === true ? ({ message }) => state.setHealth("down", message) : undefined,
        service: mode === "proxyauthz" ? { dn: account.dn, password } : undefined,
        ...options.upstream,
      });
      return { name, url, weight: 1, state, connections };
    });
    const events = { emit: (event: NewEvent) => void this.events.push(event) };
    const tiers = new Tiers([new Tier(createStrategy(strategy, Math.random), this.backends, Math.random)]);
    const writeNode = new WriteNode({
      ...{ backends: this.backends.slice(0, 1), failover: "manual", holdDownMs: 0, verify: async () => false },
      ...{ clock: systemClock, events },
    });
    const affinity = new WriteAffinity({ afterWriteMs: options.afterWriteMs ?? 0, clock: systemClock });
    const dispatcher = createDispatcher({
      router: new Router({ tiers, writeNode, affinity }),
      identity: identityOptions(mode, replayBinds, { dn: account.dn, password }),
      limits: { ...defaultDispatchLimits, ...options.limits },
      firewall: new Firewall({ rules: [], readOnly: false, requireConfidentiality: false, ...options.firewall }),
      observer: {
        isTapped: options.onRequest !== undefined,
        describes: () => true,
        operationEnded: (record) => void this.records.push(record),
        connectionOpened: () => {},
        connectionClosed: () => {},
        request: () => options.onRequest?.(),
        response: () => {},
      },
      events,
      rootDse: () => options.rootDse ?? openLdapRootDse,
    });
    this.listeners = new ClientListeners({
      session: (transport) => dispatcher.session(transport),
      limits: options.client,
      tls: options.tls,
    });
  }

  static async start(options: AssembledOptions): Promise<AssembledProxy> {
    const proxy = new AssembledProxy(options);
    const { port } = await proxy.listeners.listen({ scheme: "ldap", host: "127.0.0.1", port: 0 });
    proxy.url = `ldap://127.0.0.1:${port}`;
    return proxy;
  }

  backend(index: number): TestBackend {
    const backend = this.backends[index];
    if (backend === undefined) throw new RangeError(`There is no backend ${index}`);
    return backend;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listeners.cutOff();
    await Promise.all(this.backends.map(({ connections }) => connections.close(0)));
  }
}

function identityOptions(
  mode: IdentityOptions["mode"],
  replayBinds: boolean,
  account: { readonly dn: string; readonly password: Uint8Array },
): IdentityOptions {
  if (mode === "session") return { mode, replayBinds, sharesAnonymous: true };
  return mode === "proxyauthz" ? { mode, account } : { mode };
}

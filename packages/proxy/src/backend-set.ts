/**
 * The backends of the proxy by tiers, made from the configuration and from SRV records, and changed when either changes:
 * those that stay keep their connections and their state, new ones are added, and those that are gone are drained.
 */
import { hash } from "node:crypto";
import type { Logger } from "@espalier/service";
import { type BackendUrl, formatBackendUrl } from "./backend-url.ts";
import type { BackendSettings, ProxyConfig } from "./config.ts";
import { type BackendSurroundings, ProxyBackend } from "./proxy-backend.ts";
import { createStrategy } from "./routing/strategies.ts";
import { Tier } from "./routing/tier.ts";
import { lookUpServers, type Resolver } from "./upstream/server-addresses.ts";
import type { UpstreamTls } from "./upstream-tls.ts";

export interface BackendSetOptions {
  readonly log: Logger;
  readonly resolver: Resolver;
  /** Called after each change, with all tiers and what they were made from. */
  readonly changed: (config: ProxyConfig, tiers: readonly Tier[]) => void;
}

type Surroundings = Omit<BackendSurroundings, "config">;

/** A tier as it is to be: the configured ones, and one for each further priority of SRV records. */
interface WantedTier {
  readonly strategy: ProxyConfig["tiers"][number]["strategy"];
  readonly backends: BackendSettings[];
}

interface Member {
  readonly backend: ProxyBackend;
  /** A fingerprint: of another one another backend has to be made. */
  readonly madeFrom: string;
}

/** While a domain has never been looked up with success. */
const firstRetryMs = 1_000;

export class BackendSet {
  readonly #options: BackendSetOptions;
  #config: ProxyConfig | undefined;
  #surroundings: Surroundings | undefined;
  /** By name. */
  #backends: ReadonlyMap<string, Member> = new Map();
  /** New ones that are not in use yet. */
  #checking: readonly ProxyBackend[] = [];
  readonly #closing = new Set<Promise<void>>();
  /** By URL: the last answer. */
  readonly #services = new Map<string, readonly WantedServer[]>();
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: BackendSetOptions) {
    this.#options = options;
  }

  get backends(): readonly ProxyBackend[] {
    return [...this.#backends.values()].map(({ backend }) => backend);
  }

  /**
   * Resolves when the backends are those of `config`. New ones have been checked once by then, whatever was found, before
   * they take the place of others.
   */
  apply(config: ProxyConfig, surroundings: Surroundings): Promise<void> {
    return this.#inTurn(async () => {
      clearTimeout(this.#timer);
      this.#config = config;
      this.#surroundings = surroundings;
      await this.#lookUp(config, surroundings.random);
      await this.#become(config, surroundings);
      this.#scheduleLookUp();
    });
  }

  /** Ends every connection within `graceMs`. */
  async close(graceMs: number): Promise<void> {
    clearTimeout(this.#timer);
    this.#isClosed = true;
    for (const backend of [...this.backends, ...this.#checking]) this.#retire(backend, graceMs);
    this.#backends = new Map();
    await Promise.all(this.#closing);
  }

  /** A reload and a look-up that come at the same time follow one another. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const ended = this.#turn.then(change);
    this.#turn = ended.catch(() => {});
    return ended;
  }

  /** Makes what is new, and once that has been checked, retires what is gone. */
  async #become(config: ProxyConfig, surroundings: Surroundings): Promise<void> {
    if (this.#isClosed) return;
    const madeFrom = fingerprint(config, surroundings.tls);
    const members = new Map<string, Member>();
    const tiers = this.#wantedTiers(config).map(({ strategy, backends }) => ({
      strategy,
      members: backends.map((settings) => {
        const member = this.#member(settings, madeFrom, { ...surroundings, config });
        members.set(settings.name, member);
        return { member, weight: settings.weight };
      }),
    }));
    await this.#check([...members.values()].map(({ backend }) => backend));
    if (this.#isClosed) return;
    const gone = this.backends.filter((backend) => members.get(backend.name)?.backend !== backend);
    this.#backends = members;
    this.#options.changed(
      config,
      tiers.map(({ strategy, members }) => {
        for (const { member, weight } of members) member.backend.weight = weight;
        const backends = members.map(({ member }) => member.backend);
        return new Tier(createStrategy(strategy, surroundings.random), backends, surroundings.random);
      }),
    );
    for (const backend of gone) {
      this.#options.log.info("A backend is not in use any more.", { backend: backend.name, url: backend.url });
      this.#retire(backend, config.drainTimeout);
    }
  }

  /** The one there is, if it is made just so; else another, which an administrator has set aside if he has that one. */
  #member(settings: BackendSettings, madeFrom: string, surroundings: BackendSurroundings): Member {
    const key = `${formatBackendUrl(settings.url)} ${madeFrom}`;
    const known = this.#backends.get(settings.name);
    if (known?.madeFrom === key) return known;
    const backend = new ProxyBackend(settings, surroundings);
    if (known !== undefined) backend.state.setAdmin(known.backend.state.admin);
    return { backend, madeFrom: key };
  }

  /** Those that are new. */
  async #check(backends: readonly ProxyBackend[]): Promise<void> {
    const known = new Set(this.backends);
    this.#checking = backends.filter((backend) => !known.has(backend));
    for (const { monitor } of this.#checking) monitor.start();
    await Promise.all(this.#checking.map(({ monitor }) => monitor.firstCheck));
    this.#checking = [];
  }

  #retire(backend: ProxyBackend, graceMs: number): void {
    const closing = backend.close(graceMs).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #wantedTiers({ tiers }: ProxyConfig): WantedTier[] {
    const names = new Set(tiers.flatMap(({ backends }) => backends.map(({ name }) => name)));
    return tiers.flatMap(({ strategy, backends }) => {
      const fixed = backends.filter(({ url }) => !url.isSrv);
      const byPriority = new Map<number, BackendSettings[]>();
      for (const { url } of backends.filter(({ url }) => url.isSrv)) {
        for (const { settings, priority } of this.#services.get(formatBackendUrl(url)) ?? []) {
          if (names.has(settings.name)) continue;
          names.add(settings.name);
          byPriority.set(priority, [...(byPriority.get(priority) ?? []), settings]);
        }
      }
      const [first = [], ...further] = [...byPriority.keys()].sort((a, b) => a - b).map((key) => byPriority.get(key)!);
      return [{ strategy, backends: [...fixed, ...first] }, ...further.map((backends) => ({ strategy, backends }))];
    });
  }

  #scheduleLookUp(): void {
    const config = this.#config;
    if (config === undefined || this.#isClosed) return;
    const urls = srvUrls(config);
    if (urls.length === 0) return;
    const isKnown = urls.every((url) => this.#services.has(formatBackendUrl(url)));
    const delayMs = isKnown ? config.upstream.resolveInterval : firstRetryMs;
    this.#timer = setTimeout(() => {
      this.#inTurn(() => this.#lookUpAgain()).catch((error: unknown) => {
        this.#options.log.error("The backends could not be made those of the SRV records.", { error });
      });
    }, delayMs);
  }

  async #lookUpAgain(): Promise<void> {
    const [config, surroundings] = [this.#config!, this.#surroundings!];
    if (await this.#lookUp(config, surroundings.random)) await this.#become(config, surroundings);
    clearTimeout(this.#timer);
    this.#scheduleLookUp();
  }

  /** True when an answer differs from the last. What cannot be looked up stays as it was. */
  async #lookUp(config: ProxyConfig, random: () => number): Promise<boolean> {
    const changes = await Promise.all(
      srvUrls(config).map(async (url) => {
        const name = formatBackendUrl(url);
        try {
          const servers = await this.#serversOf(url, random);
          const isChanged = JSON.stringify(servers) !== JSON.stringify(this.#services.get(name));
          this.#services.set(name, servers);
          return isChanged;
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          this.#options.log.warn(`The servers of ${name} cannot be looked up: ${reason}`, { url: name });
          return false;
        }
      }),
    );
    return changes.includes(true);
  }

  async #serversOf(url: BackendUrl, random: () => number): Promise<WantedServer[]> {
    const records = await lookUpServers(url, this.#options.resolver, random);
    return records
      .map(({ name: host, port, priority, weight }) => {
        const settings = {
          name: `${host.replace(/\.$/, "").toLowerCase()}:${port}`,
          url: { scheme: url.scheme, host: host.replace(/\.$/, "").toLowerCase(), port, isSrv: false },
          // RFC 2782 gives a record of weight 0 little work; a backend's weight 0 would mean none.
          weight: Math.max(1, weight),
        };
        return { settings, priority };
      })
      .sort((a, b) => a.priority - b.priority || (a.settings.name < b.settings.name ? -1 : 1));
  }
}

interface WantedServer {
  readonly settings: BackendSettings;
  readonly priority: number;
}

/** Of all that a backend is made from beside its URL: another one needs other connections. */
function fingerprint({ upstream, health, identity, limits }: ProxyConfig, tls: UpstreamTls): string {
  const secrets = [identity.password?.reveal(), health.bind?.password.reveal()];
  const { upstreamMessageBytes } = limits;
  return hash("sha256", JSON.stringify([upstream, health, identity, upstreamMessageBytes, tls, secrets]));
}

function srvUrls({ tiers }: ProxyConfig): BackendUrl[] {
  return tiers.flatMap(({ backends }) => backends.map(({ url }) => url).filter(({ isSrv }) => isSrv));
}

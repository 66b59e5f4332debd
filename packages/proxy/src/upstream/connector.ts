/** Connects to a backend: to whichever of its addresses answers, within a time limit, resuming TLS sessions. */
import type { Socket } from "node:net";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { parseBackendUrl } from "../backend-url.ts";
import { type EstablishOptions, establish } from "./establish.ts";
import type { HeaderEndpoint } from "./proxy-header.ts";
import { type Resolver, type ServerAddress, ServerAddresses, systemResolver } from "./server-addresses.ts";
import { UpstreamUnavailable } from "./upstream-error.ts";

export interface ConnectorOptions {
  /** The backend, in messages. */
  readonly name: string;
  /** `ldap://host:port`, `ldaps://host:port`, `srv+ldap://domain`, `srv+ldaps://domain`. */
  readonly url: string;
  /** With an `ldap` URL: TLS before anything else. */
  readonly startTls: boolean;
  /** PEM. Without `ca` the authorities of the system are trusted. `servername`: what the certificate must name instead of the URL's host. */
  readonly tls: {
    readonly ca?: string | undefined;
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
    readonly servername?: string | undefined;
    readonly verify: boolean;
  };
  /** For name resolution, TCP and TLS together. */
  readonly connectTimeoutMs: number;
  readonly resolveIntervalMs: number;
  /** PROXY protocol version 2 before anything else. */
  readonly sendsProxyHeader: boolean;
  readonly resolver?: Resolver | undefined;
}

export interface Established {
  readonly socket: Socket;
  readonly server: ServerAddress;
}

/** The shortest time that an address has for itself before the next one is tried beside it; RFC 8305 §5. */
const ATTEMPT_DELAY_MS = 250;

/** Names whose addresses change leave sessions behind. */
const MAX_SESSIONS = 64;

export class Connector {
  readonly #options: ConnectorOptions;
  readonly #addresses: ServerAddresses;
  readonly #security: EstablishOptions["security"];
  readonly #secureContext: SecureContext | undefined;
  /** By address: servers behind one name do not share them. */
  readonly #sessions = new Map<string, Buffer>();

  /** @throws {Error} for a URL, certificate or key that cannot be used. */
  constructor(options: ConnectorOptions) {
    const url = parseBackendUrl(options.url);
    if (url === undefined) throw new Error(`${options.url} is not the URL of a server`);
    this.#options = options;
    const { resolver = systemResolver } = options;
    this.#addresses = new ServerAddresses(url, resolver, options.resolveIntervalMs);
    this.#security = url.scheme === "ldaps" ? "tls" : options.startTls ? "startTls" : "none";
    this.#secureContext = this.#security === "none" ? undefined : secureContext(options.tls);
  }

  /** @throws {UpstreamUnavailable} */
  async connect(source?: HeaderEndpoint, timeoutMs: number = this.#options.connectTimeoutMs): Promise<Established> {
    const { name } = this.#options;
    const isOver = new AbortController();
    const timer = setTimeout(() => {
      const message = `${name} was not connected within ${timeoutMs} ms. Does it hang, or is a firewall in between?`;
      isOver.abort(new UpstreamUnavailable({ code: "ERR_UPSTREAM_CONNECT", message }));
    }, timeoutMs);
    try {
      const servers = await Promise.race([this.#lookUp(), aborted(isOver.signal)]);
      return await this.#connectAny(servers, source, timeoutMs, isOver);
    } finally {
      clearTimeout(timer);
      isOver.abort();
    }
  }

  /** Looks the addresses up again when it is time to. Never throws. */
  async refresh(): Promise<void> {
    await this.#addresses.refresh().catch(() => undefined);
  }

  /** Whether the backend still has this address. */
  has(server: ServerAddress): boolean {
    return this.#addresses.has(server);
  }

  async #lookUp(): Promise<readonly ServerAddress[]> {
    try {
      return await this.#addresses.list();
    } catch (error) {
      const message = `Cannot connect to ${this.#options.name}: ${(error as Error).message}`;
      throw new UpstreamUnavailable({ code: "ERR_UPSTREAM_CONNECT", message });
    }
  }

  /** Tries one address after the other: the next when one fails, or has had its time. The first that is secured is taken. */
  #connectAny(
    servers: readonly ServerAddress[],
    source: HeaderEndpoint | undefined,
    timeoutMs: number,
    isOver: AbortController,
  ): Promise<Established> {
    const delayMs = Math.max(ATTEMPT_DELAY_MS, timeoutMs / (2 * servers.length));
    return new Promise((resolve, reject) => {
      let next = 0;
      let underWay = 0;
      let isSettled = false;
      let timer: NodeJS.Timeout | undefined;
      const attempt = () => {
        clearTimeout(timer);
        const server = servers[next++];
        if (server === undefined) return;
        if (next < servers.length) timer = setTimeout(attempt, delayMs);
        underWay++;
        this.#establish(server, source, isOver.signal).then(
          (socket) => {
            clearTimeout(timer);
            if (isSettled) {
              socket.destroy();
              return;
            }
            isSettled = true;
            this.#addresses.prefer(server);
            resolve({ socket, server });
          },
          (error) => {
            underWay--;
            if (isSettled) return;
            if (isOver.signal.aborted || (underWay === 0 && next >= servers.length)) {
              clearTimeout(timer);
              isSettled = true;
              reject(isOver.signal.aborted ? isOver.signal.reason : error);
            } else attempt();
          },
        );
      };
      attempt();
    });
  }

  #establish(server: ServerAddress, source: HeaderEndpoint | undefined, signal: AbortSignal): Promise<Socket> {
    const { name, tls, sendsProxyHeader } = this.#options;
    const key = `${server.address} ${server.port}`;
    const options: EstablishOptions = {
      name,
      security: this.#security,
      secureContext: this.#secureContext,
      verify: tls.verify,
      servername: tls.servername,
      proxyHeader: sendsProxyHeader ? { source } : undefined,
      session: this.#sessions.get(key),
      onSession: (session) => this.#keepSession(key, session),
    };
    return establish(server, options, signal);
  }

  #keepSession(key: string, session: Buffer): void {
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > MAX_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest);
  }
}

function secureContext({ ca, cert, key, verify }: ConnectorOptions["tls"]): SecureContext {
  return createSecureContext({
    minVersion: "TLSv1.2",
    ...(verify ? { ca: ca ?? getCACertificates("system") } : {}),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

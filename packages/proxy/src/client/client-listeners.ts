/** Where clients come in: the listeners, the connections they accepted, and the end of all of them. */
import { type AddressInfo, BlockList, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { encodeMessage, noticeOfDisconnection, ResultCode } from "@espalier/ldap";
import { addNetwork } from "../network.ts";
import { ClientConnection, tooManyConnections } from "./client-connection.ts";
import type { ClientContext } from "./client-context.ts";
import { type ClientLimits, resolveClientLimits } from "./client-limits.ts";
import type { ClientObserver } from "./client-observer.ts";
import type { ClientSession } from "./client-session.ts";
import type { ClientTransport } from "./client-transport.ts";
import { ConnectionCounts } from "./connection-counts.ts";
import { Listener, type ListenOptions } from "./listener.ts";
import { type HandshakeSettings, handshakeSettings, type ListenerTls } from "./listener-tls.ts";
import { OutputBuffers } from "./output-buffers.ts";
import { Sweeper } from "./sweeper.ts";
import { TurnQueue } from "./turn-queue.ts";
import { unmappedAddress } from "./unmapped-address.ts";

export interface ClientListenersOptions {
  /** Makes the session of a connection whose first message may arrive. */
  readonly session: (transport: ClientTransport) => ClientSession;
  /** What is left out has its default: see `ClientLimits`. */
  readonly limits?: Partial<ClientLimits> | undefined;
  /** For `ldaps` listeners, and for StartTLS on the others. */
  readonly tls?: ListenerTls | undefined;
  /** Addresses and networks that send a PROXY header first (`10.0.0.0/8`). From others it is an error. */
  readonly proxyProtocolFrom?: readonly string[] | undefined;
  readonly observer?: ClientObserver | undefined;
}

/** A drain leaves a client that asks one thing after the other alone until it has been quiet for this long. */
const quietMs = 500;
const drainStepMs = 50;

export class ClientListeners {
  readonly limits: ClientLimits;
  readonly #observer: ClientObserver;
  readonly #proxies = new BlockList();
  readonly #hasProxies: boolean;
  readonly #counts: ConnectionCounts;
  readonly #sweeper: Sweeper;
  readonly #context: ClientContext;
  readonly #listeners = new Set<Listener>();
  readonly #connections = new Map<number, ClientConnection>();
  #handshake: HandshakeSettings | undefined;
  #lastId = 0;
  #isClosing = false;
  #isCutOff = false;
  /** Resolves what waits for the last connection to close. */
  #whenEmpty = Promise.withResolvers<void>();

  /**
   * @throws RangeError for a limit or a network that is not one; Error of `node:tls` for a key, certificate, version or
   *   cipher that is not.
   */
  constructor({ session, limits, tls, proxyProtocolFrom = [], observer = {} }: ClientListenersOptions) {
    this.limits = resolveClientLimits(limits);
    this.#observer = observer;
    this.#handshake = tls === undefined ? undefined : handshakeSettings(tls);
    this.#hasProxies = proxyProtocolFrom.length > 0;
    for (const text of proxyProtocolFrom) {
      if (!addNetwork(this.#proxies, text)) throw new RangeError(`${text} is neither an address nor a network`);
    }
    const counts = new ConnectionCounts(this.limits);
    this.#counts = counts;
    const sweeper = new Sweeper(timesOf(this.limits), () => {
      for (const connection of this.#connections.values()) connection.sweep();
    });
    this.#sweeper = sweeper;
    const handshake = () => this.#handshake;
    this.#context = {
      limits: this.limits,
      observer,
      buffers: new OutputBuffers(),
      turns: new TurnQueue(),
      get nowMs() {
        return sweeper.nowMs;
      },
      get handshake() {
        return handshake();
      },
      session,
      admitAddress: (address) => counts.admitAddress(address),
      refused: (address, listener, reason, error) =>
        observer.connectionRefused?.({ address, listener, reason, ...(error !== undefined && { error }) }),
      closed: (connection, address) => this.#connectionClosed(connection, address),
    };
  }

  /** How many connections are open, those in their PROXY header or TLS handshake included. */
  get size(): number {
    return this.#connections.size;
  }

  connections(): Iterable<ClientConnection> {
    return this.#connections.values();
  }

  /**
   * Adds a listener and resolves with the address it was given. May be called any number of times.
   *
   * @throws Error of `node:net` (EADDRINUSE, EACCES, EADDRNOTAVAIL), or for `ldaps` without `tls`.
   */
  async listen(options: ListenOptions): Promise<AddressInfo> {
    if (options.scheme === "ldaps" && this.#handshake === undefined) {
      throw new Error("An ldaps listener needs a certificate");
    }
    const listener = new Listener(options, {
      accepted: (socket) => this.#accept(socket, listener),
      failed: (error) => this.#observer.listenerError?.(listener.name, error),
    });
    const address = await listener.listen();
    if (this.#isClosing) {
      await listener.close();
      throw new Error("The listeners have been closed");
    }
    this.#listeners.add(listener);
    this.#sweeper.start();
    return address;
  }

  /**
   * Uses another key, certificate, versions, ciphers and authority of clients from the next handshake on. Connections that
   * have TLS keep what they have; no session of before is resumed.
   *
   * @throws Error of `node:tls` for what cannot be used; nothing has changed then.
   */
  setTls(tls: ListenerTls): void {
    this.#handshake = handshakeSettings(tls);
  }

  /** Disconnects one client with a notice. False when there is none of that id. */
  kick(id: number): boolean {
    const connection = this.#connections.get(id);
    connection?.disconnect("kicked", ResultCode.unavailable, "an administrator closed the session");
    return connection !== undefined;
  }

  /** Accepts those who have connected already, and no more. Connections stay. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    for (const listener of this.#listeners) {
      void listener.close().then(() => {
        this.#listeners.delete(listener);
        this.#settleIfEmpty();
      });
    }
    this.#settleIfEmpty();
  }

  /**
   * Stops gracefully: accepts no more, and sends each client a notice of disconnection (unavailable) when it has been quiet
   * for half a second. From half of `timeoutMs` on nobody's further requests are begun, and the notice goes out with the last
   * answer; what is still open at its end is cut off. Resolves with the number of those when no connection is left.
   */
  async drain(timeoutMs: number): Promise<number> {
    this.close();
    this.#sweeper.hurry(drainStepMs);
    const startMs = performance.now();
    const elapsedMs = () => performance.now() - startMs;
    while (!this.#isEmpty && elapsedMs() < timeoutMs) {
      const isPatient = elapsedMs() < timeoutMs / 2;
      for (const connection of this.#connections.values()) {
        if (!isPatient || (elapsedMs() >= quietMs && connection.isQuiet(quietMs))) connection.drain();
      }
      const stepMs = Math.max(1, Math.min(drainStepMs, timeoutMs / 8));
      await Promise.race([this.#whenEmpty.promise, delay(stepMs)]);
    }
    const cutOff = this.size;
    await this.cutOff();
    return cutOff;
  }

  /** Stops now: accepts no more and closes every connection, with a notice of disconnection as far as it can take it. */
  async cutOff(): Promise<void> {
    this.close();
    this.#isCutOff = true;
    for (const connection of this.#connections.values()) connection.cutOff();
    await this.#whenEmpty.promise;
  }

  #accept(socket: Socket, listener: Listener): void {
    const { remoteAddress } = socket;
    // Undefined: gone before it was accepted.
    if (remoteAddress === undefined || this.#isCutOff) {
      socket.destroy();
      return;
    }
    const address = unmappedAddress(remoteAddress);
    if (!this.#counts.admit()) {
      this.#refuse(socket, listener, address);
      return;
    }
    const id = ++this.#lastId;
    const connection = new ClientConnection(this.#context, socket, id, address, {
      listener: listener.name,
      isSecure: listener.isSecure,
      hasProxyHeader: this.#hasProxies && this.#isProxy(address),
    });
    this.#connections.set(id, connection);
    connection.begin();
  }

  #isProxy(address: string): boolean {
    const [bare = ""] = address.split("%");
    return this.#proxies.check(bare, bare.includes(":") ? "ipv6" : "ipv4");
  }

  #refuse(socket: Socket, listener: Listener, address: string): void {
    socket.on("error", () => {});
    if (!listener.isSecure) {
      socket.write(encodeMessage(noticeOfDisconnection(ResultCode.unavailable, tooManyConnections)));
    }
    socket.destroy();
    this.#observer.connectionRefused?.({ address, listener: listener.name, reason: "tooManyConnections" });
  }

  #connectionClosed(connection: ClientConnection, address: string | undefined): void {
    this.#connections.delete(connection.id);
    this.#counts.release(address);
    this.#settleIfEmpty();
  }

  #settleIfEmpty(): void {
    if (!this.#isClosing || !this.#isEmpty) return;
    this.#sweeper.stop();
    this.#whenEmpty.resolve();
  }

  /** Whether no connection is open and none will be. */
  get #isEmpty(): boolean {
    return this.#connections.size === 0 && this.#listeners.size === 0;
  }
}

function timesOf(limits: ClientLimits): number[] {
  return [
    limits.idleTimeoutMs,
    limits.anonymousIdleTimeoutMs,
    limits.messageTimeoutMs,
    limits.proxyHeaderTimeoutMs,
    limits.tlsHandshakeTimeoutMs,
    limits.writeTimeoutMs,
  ];
}

/** An LDAP server: its listeners, the connections they accepted, and the end of all of them. RFC 4511. */
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { noticeOfDisconnection } from "../extended/notice-of-disconnection.ts";
import { encodeMessage } from "../message/encode.ts";
import { Oid } from "../oid.ts";
import { ResultCode } from "../result-code.ts";
import { type ConnectionAdmission, LocalAdmission } from "./admission.ts";
import { cancel } from "./cancel.ts";
import { Connection } from "./connection.ts";
import type { ConnectionContext } from "./connection-context.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { LdapHandler } from "./handler.ts";
import { resolveServerLimits, type ServerLimits } from "./limits.ts";
import { Listener, type ListenOptions } from "./listener.ts";
import type { ServerObserver } from "./observer.ts";
import { OutputPool } from "./output-pool.ts";
import { startTls as beginStartTls } from "./start-tls.ts";
import { Sweeper } from "./sweeper.ts";
import { TurnQueue } from "./turn-queue.ts";

/** A drain leaves a client that asks one thing after the other alone until it has been quiet for this long… */
const QUIET_MS = 500;
/** … and nobody for longer than this: who never is quiet has many requests on one connection, and knows what to do about its end. */
const PATIENCE_MS = 2_000;
const DRAIN_STEP_MS = 50;

export interface LdapServerOptions<State = unknown> {
  readonly handler: LdapHandler<State>;
  /** What is left out has its default: see `ServerLimits`. */
  readonly limits?: Partial<ServerLimits> | undefined;
  readonly observer?: ServerObserver<State> | undefined;
  /**
   * Key, certificate, `minVersion`, `maxVersion`, `ciphers` and what else `tls.createSecureContext` takes: for `secure`
   * listeners and for StartTLS.
   */
  readonly tls?: SecureContextOptions | undefined;
  /** Whether the listeners that are not `secure` offer StartTLS. Default: when there is `tls`. */
  readonly startTls?: boolean | undefined;
  /** Which connections are taken. Default: counts those of this process against `limits`. */
  readonly admission?: ConnectionAdmission | undefined;
}

/**
 * ```ts
 * const server = createLdapServer({
 *   handler: {
 *     search(request, operation) {
 *       if (request.baseObject !== "dc=example,dc=com") throw new LdapError(ResultCode.noSuchObject);
 *       operation.entry({ objectName: "dc=example,dc=com", attributes: [{ type: "dc", values: [encodeText("example")] }] });
 *       operation.done();
 *     },
 *   },
 * });
 * const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
 * ```
 *
 * @throws RangeError for a limit that is not one; Error of `node:tls` for a key, certificate, version or cipher that is not.
 */
export function createLdapServer<State = unknown>(options: LdapServerOptions<State>): LdapServer<State> {
  return new LdapServer(options);
}

export class LdapServer<State = unknown> {
  readonly limits: ServerLimits;
  readonly #dispatcher: Dispatcher<State>;
  readonly #observer: ServerObserver<State>;
  readonly #admission: ConnectionAdmission;
  readonly #sweeper: Sweeper;
  readonly #context: ConnectionContext<State>;
  readonly #listeners = new Set<Listener>();
  readonly #connections = new Set<Connection<State>>();
  #secureContext: SecureContext | undefined;
  #lastSessionId = 0;
  #isClosing = false;
  /** Resolves what waits for the last connection to close. */
  #waiting: (() => void)[] = [];

  constructor(options: LdapServerOptions<State>) {
    const { handler, limits, observer = {}, tls, startTls = tls !== undefined, admission } = options;
    if (startTls && tls === undefined) {
      throw new Error("StartTLS needs a certificate: give `tls`, or leave `startTls` out");
    }
    this.limits = resolveServerLimits(limits);
    this.#observer = observer;
    this.#admission = admission ?? new LocalAdmission(this.limits);
    this.#secureContext = tls === undefined ? undefined : serverContext(tls);
    this.#dispatcher = new Dispatcher(handler, {
      [Oid.cancel]: cancel,
      ...(startTls && { [Oid.startTls]: beginStartTls }),
    });
    const sweeper = new Sweeper(this.limits, () => {
      for (const connection of this.#connections) connection.sweep();
    });
    this.#sweeper = sweeper;
    const secureContext = () => this.#secureContext;
    this.#context = {
      limits: this.limits,
      observer,
      dispatcher: this.#dispatcher,
      outputPool: new OutputPool(),
      turns: new TurnQueue(),
      get nowMs() {
        return sweeper.nowMs;
      },
      get secureContext() {
        return secureContext();
      },
      closed: (connection) => this.#connectionClosed(connection),
    };
  }

  /** Where it listens, in the order of `listen`. */
  get addresses(): readonly AddressInfo[] {
    return [...this.#listeners].map((listener) => listener.address);
  }

  /** How many connections are open, those in their TLS handshake included. */
  get connections(): number {
    return this.#connections.size;
  }

  /** The OIDs of the extended operations it answers, for `supportedExtension` of a root DSE. */
  get supportedExtensions(): readonly string[] {
    return this.#dispatcher.supportedExtensions;
  }

  /** The OIDs of the controls that some operation honours, for `supportedControl` of a root DSE. */
  get supportedControls(): readonly string[] {
    return this.#dispatcher.supportedControls;
  }

  /**
   * Adds a listener and resolves with the address it was given. May be called any number of times.
   *
   * @throws Error of `node:net` (EADDRINUSE, EACCES, EADDRNOTAVAIL), or for a `secure` listener without `tls`.
   */
  async listen(options: ListenOptions): Promise<AddressInfo> {
    const { secure = false } = options;
    this.#checkOpen();
    if (secure && this.#secureContext === undefined) {
      throw new Error("A secure listener needs a certificate: give `tls` to createLdapServer");
    }
    const listener = new Listener(secure, {
      accepted: (socket) => this.#accept(socket, listener),
      failed: (error) => this.#observer.listenerError?.(error),
    });
    const address = await listener.listen(options);
    if (this.#isClosing) listener.close();
    this.#checkOpen();
    this.#listeners.add(listener);
    this.#sweeper.start();
    return address;
  }

  /**
   * Uses another key, certificate, versions and ciphers from the next handshake on. Sessions that have TLS keep what they have.
   *
   * @throws Error of `node:tls` for what cannot be used; nothing has changed then.
   */
  setSecureContext(options: SecureContextOptions): void {
    if (this.#secureContext === undefined) {
      throw new Error("The server was created without `tls` and has none to replace");
    }
    this.#secureContext = serverContext(options);
  }

  /**
   * Stops gracefully: accepts nothing more, and sends each client a notice of disconnection (unavailable) when it has been quiet
   * for half a second. After two seconds, or half of `timeoutMs` where that is less, nobody's further operations are begun, and
   * the notice goes out with the last answer. What is still open after `timeoutMs` is closed as by `close`. Resolves with the
   * number of those when no connection is left.
   */
  async drain(timeoutMs: number): Promise<number> {
    this.#stopListening();
    this.#sweeper.hurry(DRAIN_STEP_MS);
    const startMs = performance.now();
    const elapsedMs = () => performance.now() - startMs;
    const patienceMs = Math.min(PATIENCE_MS, timeoutMs / 2);
    const stepMs = Math.max(1, Math.min(DRAIN_STEP_MS, timeoutMs / 8));
    const empty = this.#whenEmpty();
    while (this.#connections.size > 0 && elapsedMs() < timeoutMs) {
      const isPatient = elapsedMs() < patienceMs;
      for (const connection of this.#connections) {
        if (!isPatient || (elapsedMs() >= QUIET_MS && connection.isQuiet(QUIET_MS))) connection.drain();
      }
      await Promise.race([empty, delay(stepMs)]);
    }
    const cutOff = this.#connections.size;
    this.#closeConnections();
    await empty;
    return cutOff;
  }

  /** Stops now: operations in progress are aborted, and each session gets a notice of disconnection as far as it can take it. */
  async close(): Promise<void> {
    this.#stopListening();
    this.#closeConnections();
    await this.#whenEmpty();
  }

  #checkOpen(): void {
    if (this.#isClosing) throw new Error("The server has been closed: create another one");
  }

  #accept(socket: Socket, listener: Listener): void {
    const remoteAddress = addressText(socket.remoteAddress);
    // Gone before it was accepted.
    if (remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    if (this.#isClosing || !this.#admission.admit(remoteAddress)) {
      this.#refuse(socket, listener, remoteAddress);
      return;
    }
    const connection = new Connection(this.#context, socket, {
      id: ++this.#lastSessionId,
      remoteAddress,
      remotePort: socket.remotePort ?? 0,
      localPort: listener.address.port,
    });
    this.#connections.add(connection);
    this.#observer.connectionOpened?.(connection.session);
    connection.open(listener.secure ? this.#secureContext : undefined);
  }

  #refuse(socket: Socket, listener: Listener, remoteAddress: string): void {
    socket.on("error", () => {});
    if (!listener.secure) {
      socket.write(
        encodeMessage(noticeOfDisconnection(ResultCode.unavailable, "too many connections; try again later")),
      );
    }
    socket.destroy();
    this.#observer.connectionRefused?.(remoteAddress);
  }

  #connectionClosed(connection: Connection<State>): void {
    this.#connections.delete(connection);
    this.#admission.release(connection.session.remoteAddress);
    if (this.#connections.size > 0 || !this.#isClosing) return;
    this.#sweeper.stop();
    for (const resolve of this.#waiting) resolve();
    this.#waiting = [];
  }

  #stopListening(): void {
    this.#isClosing = true;
    for (const listener of this.#listeners) listener.close();
    this.#listeners.clear();
    if (this.#connections.size === 0) this.#sweeper.stop();
  }

  #closeConnections(): void {
    for (const connection of this.#connections) connection.close();
  }

  async #whenEmpty(): Promise<void> {
    if (this.#connections.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** The server's order of ciphers decides, as in `tls.createServer`. */
function serverContext(options: SecureContextOptions): SecureContext {
  return createSecureContext({ honorCipherOrder: true, ...options });
}

/** IPv4-mapped IPv6 as the IPv4 address it stands for. */
function addressText(address: string | undefined): string | undefined {
  return address?.startsWith("::ffff:") && address.includes(".") ? address.slice("::ffff:".length) : address;
}

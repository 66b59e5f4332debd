/** The connection to a syslog collector, over TLS (RFC 5425) or TCP (RFC 6587): made when there is something to send, and kept. */
import { once } from "node:events";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

export interface SyslogStreamOptions {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly ca?: string;
  readonly timeoutMs: number;
}

export class SyslogStream {
  readonly #options: SyslogStreamOptions;
  readonly #closing = new AbortController();
  #socket: Promise<Socket> | undefined;

  constructor(options: SyslogStreamOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the operating system has the bytes: syslog has no acknowledgement (RFC 5425 §5), so what a collector
   * lost on its way down is not known.
   */
  async write(bytes: Buffer, signal: AbortSignal): Promise<void> {
    const { host, timeoutMs } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    const limit = AbortSignal.any([signal, timeout]);
    try {
      const socket = await untilAborted(this.#connected(), limit);
      await untilAborted(
        new Promise<void>((resolve, reject) => {
          socket.write(bytes, (error) => (error ? reject(error) : resolve()));
        }),
        limit,
      );
    } catch (error) {
      throw timeout.aborted ? new Error(`${host} took nothing within ${timeoutMs} ms`, { cause: error }) : error;
    }
  }

  /** What was written goes out; a connection that is only being made does not. */
  async close(): Promise<void> {
    this.#closing.abort();
    const socket = await this.#socket?.catch(() => undefined);
    socket?.end();
  }

  #connected(): Promise<Socket> {
    this.#socket ??= this.#connect();
    return this.#socket;
  }

  async #connect(): Promise<Socket> {
    const { host, port, isSecure, ca, timeoutMs } = this.#options;
    const socket = isSecure
      ? connectTls({
          host,
          port,
          minVersion: "TLSv1.2",
          rejectUnauthorized: true,
          ...(isIP(host) === 0 ? { servername: host } : {}),
          ...(ca === undefined ? {} : { ca }),
        })
      : connect({ host, port });
    socket.setKeepAlive(true, 60_000);
    // A collector sends nothing; reading is how its end of the connection is noticed.
    socket.resume();
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#socket = undefined;
    });
    try {
      await once(socket, isSecure ? "secureConnect" : "connect", {
        signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timeoutMs)]),
      });
      return socket;
    } catch (error) {
      this.#socket = undefined;
      socket.destroy();
      throw error;
    }
  }
}

/** What `promise` gives, unless the signal comes first. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

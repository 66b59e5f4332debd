/** One address and port that a server accepts connections on. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

export interface ListenOptions {
  /** The address to bind: IPv4, IPv6 or a name. Default all addresses. */
  readonly host?: string | undefined;
  /** 0 takes a free one, which `listen` then says. */
  readonly port: number;
  /** TLS from the first byte (`ldaps://`). The server then needs `tls`. Default false. */
  readonly secure?: boolean | undefined;
  /** Share the port with other processes that do the same; the kernel spreads connections. Default false. */
  readonly reusePort?: boolean | undefined;
}

/** How long a connection says nothing before the kernel asks whether its other end is still there. */
const KEEP_ALIVE_DELAY_MS = 60_000;
/** Connections that wait to be accepted; the kernel may allow fewer (`net.core.somaxconn`). */
const BACKLOG = 4096;

export interface ListenerEvents {
  accepted(socket: Socket, listener: Listener): void;
  failed(error: Error): void;
}

export class Listener {
  readonly secure: boolean;
  readonly #server: Server;
  #address: AddressInfo | undefined;

  constructor(secure: boolean, events: ListenerEvents) {
    this.secure = secure;
    this.#server = createServer(
      { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS },
      (socket) => events.accepted(socket, this),
    );
    this.#server.on("error", (error) => {
      if (this.#address !== undefined) events.failed(error);
    });
  }

  /** Where it listens. @throws Error before `listen` has resolved. */
  get address(): AddressInfo {
    if (this.#address === undefined) throw new Error("The listener has no address until listen() has resolved");
    return this.#address;
  }

  /** @throws Error of `node:net`: EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND. */
  listen({ host, port, reusePort = false }: ListenOptions): Promise<AddressInfo> {
    const server = this.#server;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, reusePort, backlog: BACKLOG }, () => {
        server.off("error", reject);
        this.#address = server.address() as AddressInfo;
        resolve(this.#address);
      });
    });
  }

  /** Accepts nothing more. Connections already accepted stay. */
  close(): void {
    this.#server.close();
  }
}

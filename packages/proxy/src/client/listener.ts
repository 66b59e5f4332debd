/** One address and port that clients come in by. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { formatHostPort } from "@espalier/service";

export interface ListenOptions {
  readonly scheme: "ldap" | "ldaps";
  /** An address or a name, IPv6 without brackets. */
  readonly host: string;
  /** 0 takes a free one, which `listen` then says. */
  readonly port: number;
  /** Share the port with other processes that do the same; the kernel spreads connections. Default false. */
  readonly reusePort?: boolean | undefined;
}

/** Connections that wait to be accepted; the kernel may allow fewer (`net.core.somaxconn`). */
const backlog = 4096;

/** Clients that come without a pause are not waited for any longer. */
const maxClosingMs = 500;

export interface ListenerEvents {
  accepted(socket: Socket, listener: Listener): void;
  failed(error: Error, listener: Listener): void;
}

export class Listener {
  readonly isSecure: boolean;
  readonly #options: ListenOptions;
  readonly #server: Server;
  #name = "";
  #accepted = 0;

  constructor(options: ListenOptions, events: ListenerEvents) {
    this.#options = options;
    this.isSecure = options.scheme === "ldaps";
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#accepted++;
      events.accepted(socket, this);
    });
    this.#server.on("error", (error) => {
      if (this.#name !== "") events.failed(error, this);
    });
  }

  /** As configured, with the port it was given: `ldaps://0.0.0.0:636`. "" before `listen` has resolved. */
  get name(): string {
    return this.#name;
  }

  /** @throws Error of `node:net`: EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND. */
  listen(): Promise<AddressInfo> {
    const server = this.#server;
    const { scheme, host, port, reusePort = false } = this.#options;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, reusePort, backlog }, () => {
        server.off("error", reject);
        const address = server.address() as AddressInfo;
        this.#name = `${scheme}://${formatHostPort({ host, port: address.port })}`;
        resolve(address);
      });
    });
  }

  /**
   * Accepts what the kernel has queued for this process, which closing would reset also where another one shares the port,
   * and then nothing more. Node accepts one connection a turn: the queue was empty in the first turn without one.
   */
  async close(): Promise<void> {
    const deadlineMs = performance.now() + maxClosingMs;
    // The turn that this is called in has perhaps come to the listener already.
    await turn();
    let accepted: number;
    do {
      accepted = this.#accepted;
      await turn();
    } while (this.#accepted > accepted && performance.now() < deadlineMs);
    this.#server.close();
  }
}

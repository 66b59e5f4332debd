/** A TCP relay in front of a server: what happens to the network between a client and a server, at will. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

type Behaviour = "pass" | "black hole" | "reset";

export class Relay implements AsyncDisposable {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  /** Taken during a black hole, before anything was sent on. */
  readonly #waiting = new Set<Socket>();
  #behaviour: Behaviour = "pass";

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Listens on a port of its own of 127.0.0.1, or where it is said, and connects each client to the server at `targetPort` there. */
  static async start(targetPort: number, { host = "127.0.0.1", port = 0 } = {}): Promise<Relay> {
    const relay = new Relay(targetPort);
    relay.#server.listen(port, host);
    await once(relay.#server, "listening");
    return relay;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The relay was closed");
    return address.port;
  }

  /** How many connections it carries now. */
  get connectionCount(): number {
    return this.#pairs.size + this.#waiting.size;
  }

  /** Passes nothing on in either direction and closes nothing: a host whose network is gone. New connections are taken all the same. */
  blackHole(): void {
    this.#behaviour = "black hole";
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** Ends every connection with a reset, and each new one as soon as it is made. */
  reset(): void {
    this.#behaviour = "reset";
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
    for (const socket of this.#waiting) socket.resetAndDestroy();
  }

  /** Passes everything on again, also what waited. */
  restore(): void {
    this.#behaviour = "pass";
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
    for (const socket of this.#waiting) this.#connect(socket);
    this.#waiting.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.reset();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  #accept(client: Socket): void {
    client.on("error", () => undefined);
    if (this.#behaviour === "pass") {
      this.#connect(client);
    } else if (this.#behaviour === "reset") {
      client.resetAndDestroy();
    } else {
      this.#waiting.add(client);
      client.once("close", () => this.#waiting.delete(client));
    }
  }

  #connect(client: Socket): void {
    const server = connect({ host: "127.0.0.1", port: this.#targetPort, allowHalfOpen: true, noDelay: true });
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [server, client] as const]) {
      // `pipe` keeps to what the slower side takes; a black hole pauses it from outside.
      from.on("data", (chunk) => {
        if (!to.write(chunk)) from.pause();
      });
      to.on("drain", () => {
        if (this.#behaviour === "pass") from.resume();
      });
      from.on("end", () => to.end());
      from.on("error", () => undefined);
      from.on("close", (hadError) => {
        this.#pairs.delete(pair);
        if (hadError) to.resetAndDestroy();
        else to.end();
      });
    }
  }
}

/** The control socket: reads requests, has the proxy do them, and sends what a tap sees. The protocol is in protocol.ts. */
import { once } from "node:events";
import { chmodSync, renameSync, rmSync, statSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { resolve } from "node:path";
import { ConfigurationError, type Logger } from "@espalier/service";
import { ControlRefusal, type ControlRequest, maxRequestBytes, parseRequest } from "./protocol.ts";

type TapRequest = Extract<ControlRequest, { command: "tap" }>;

/** What the socket gives access to. Every method may throw {@link ControlRefusal}. */
export interface Controlled {
  /** The members of the answer beside `ok`. */
  answer(request: Exclude<ControlRequest, TapRequest>): Readonly<Record<string, unknown>>;
  /** Calls `send` with each piece, a JSON value, until the function that it returns is called. */
  tap(form: TapRequest["form"], send: (piece: Readonly<Record<string, unknown>>) => void): () => void;
}

const maxConnections = 16;
/** What may wait for a tap's reader; pieces past it are dropped, and counted. */
const maxWaitingBytes = 4 * 1024 * 1024;

export class ControlServer {
  readonly #path: string;
  readonly #controlled: Controlled;
  readonly #log: Logger;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Of the socket's file, to tell it from one that another process has put in its place. */
  #inode: bigint | undefined;

  constructor(path: string, controlled: Controlled, log: Logger) {
    this.#path = resolve(path);
    this.#controlled = controlled;
    this.#log = log;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = maxConnections;
  }

  /**
   * Takes the place of a socket that is there already: of a process that crashed, or of the one that this process is about
   * to replace.
   *
   * @throws ConfigurationError where none can be made there.
   */
  async listen(): Promise<void> {
    try {
      await this.#listen();
    } catch (error) {
      const { code = "unknown error" } = error as NodeJS.ErrnoException;
      const message = `the control socket ${this.#path} cannot be made (${code}): name a path in a folder that this user may write, or off`;
      throw new ConfigurationError([{ path: "proxy.control", source: undefined, message }]);
    }
  }

  async #listen(): Promise<void> {
    // Made beside its place and moved there whole, so that there is no moment without a socket, nor one with a wider mode.
    const draft = `${this.#path}.${process.pid}`;
    rmSync(draft, { force: true });
    const listening = once(this.#server, "listening");
    // The socket's file is made during this call.
    const before = process.umask(0o177);
    try {
      this.#server.listen(draft);
    } finally {
      process.umask(before);
    }
    await listening;
    chmodSync(draft, 0o600);
    this.#inode = statSync(draft, { bigint: true }).ino;
    renameSync(draft, this.#path);
    this.#server.on("error", (error) => this.#log.error(`The control socket failed: ${error.message}`, { error }));
  }

  /** Ends it, with the connections that are open. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    const { ino } = statSync(this.#path, { bigint: true, throwIfNoEntry: false }) ?? {};
    if (ino === this.#inode) rmSync(this.#path, { force: true });
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    let unread = "";
    let stopTap: (() => void) | undefined;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      unread += text;
      const lines = unread.split("\n");
      unread = lines.pop()!;
      for (const line of lines) stopTap ??= this.#handle(socket, line);
      if (unread.length > maxRequestBytes) socket.destroy();
    });
    // The administrator's side is gone: `close` follows.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#sockets.delete(socket);
      stopTap?.();
    });
  }

  /** The function that ends the tap, if the request was for one: nothing further is read from that connection. */
  #handle(socket: Socket, line: string): (() => void) | undefined {
    try {
      const request = parseRequest(line);
      if (request.command !== "status" && request.command !== "hygiene") {
        this.#log.info("An administrator's request on the control socket.", { request });
      }
      if (request.command === "tap") return this.#tap(socket, request.form);
      send(socket, { ok: true, ...this.#controlled.answer(request) });
    } catch (error) {
      if (!(error instanceof ControlRefusal)) this.#log.error("A request on the control socket failed.", { error });
      const text = error instanceof ControlRefusal ? error.message : "An internal error; the proxy's log says more.";
      send(socket, { ok: false, error: text });
    }
    return undefined;
  }

  #tap(socket: Socket, form: TapRequest["form"]): () => void {
    let dropped = 0;
    send(socket, { ok: true });
    return this.#controlled.tap(form, (piece) => {
      if (socket.writableLength > maxWaitingBytes) {
        dropped += 1;
        return;
      }
      if (dropped > 0) send(socket, { dropped });
      dropped = 0;
      send(socket, piece);
    });
  }
}

function send(socket: Socket, value: Readonly<Record<string, unknown>>): void {
  if (socket.writable) socket.write(`${JSON.stringify(value)}\n`);
}

/** A connection to an LDAP server that sends what it is told, sound or not, and hands out what comes back, as it came. */
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import {
  type Control,
  decodeMessage,
  encodeMessage,
  type LdapMessage,
  messageLength,
  type RequestOp,
  type ResponseOp,
  type SearchRequest,
  type SearchResultDone,
  type SearchResultEntry,
} from "@espalier/ldap";

/** What a request was answered with: everything before its last message, and that message. */
export interface Answer {
  readonly before: readonly LdapMessage[];
  readonly last: LdapMessage<ResponseOp>;
}

export interface SearchAnswer {
  readonly entries: readonly SearchResultEntry[];
  readonly done: SearchResultDone;
  readonly controls: readonly Control[];
}

const maxMessageBytes = 64 * 1024 * 1024;

/** Messages of an answer that others follow. RFC 4511 §4.5.2, §4.13. */
const intermediates = new Set(["searchResultEntry", "searchResultReference", "intermediateResponse"]);

export class Wire implements Disposable {
  readonly #socket: Socket;
  #buffer: Buffer = Buffer.alloc(0);
  #lastMessageId = 0;
  readonly #received: LdapMessage[] = [];
  #isClosed = false;
  /** Settles, and is made anew, whenever something was received or the connection ended. */
  #news = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  /** Connects to `ldap://host:port` or, with TLS at once, `ldaps://host:port`. No certificate is checked unless `tls` says so. */
  static async connect(url: string, tls: ConnectionOptions = {}): Promise<Wire> {
    const { protocol, hostname, port } = new URL(url);
    const target = { host: hostname, port: Number(port) };
    const isSecure = protocol === "ldaps:";
    const socket = isSecure ? connectTls({ rejectUnauthorized: false, ...target, ...tls }) : connectTcp(target);
    await once(socket, isSecure ? "secureConnect" : "connect");
    return new Wire(socket.setNoDelay());
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Everything received so far, in order. */
  get received(): readonly LdapMessage[] {
    return this.#received;
  }

  /** Writes bytes as they are. */
  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Encodes a request under the next message id, which it returns. */
  sendRequest(protocolOp: RequestOp, controls: readonly Control[] = []): number {
    this.#lastMessageId += 1;
    this.send(encodeMessage({ messageId: this.#lastMessageId, protocolOp, controls }));
    return this.#lastMessageId;
  }

  /** Sends a request and waits for its whole answer. @throws Error when the server closes the connection instead. */
  async request(protocolOp: RequestOp, controls: readonly Control[] = []): Promise<Answer> {
    return this.answer(this.sendRequest(protocolOp, controls));
  }

  /** Waits for the last message of the answer to a request that was sent. */
  async answer(messageId: number, timeoutMs = 20_000): Promise<Answer> {
    const last = await this.receive(
      `the answer to message ${messageId}`,
      (message) => message.messageId === messageId && !intermediates.has(message.protocolOp.type),
      timeoutMs,
    );
    const before = this.#received.filter((message) => message.messageId === messageId && message !== last);
    return { before, last: last as LdapMessage<ResponseOp> };
  }

  async search(request: SearchRequest, controls: readonly Control[] = []): Promise<SearchAnswer> {
    const { before, last } = await this.request(request, controls);
    if (last.protocolOp.type !== "searchResultDone")
      throw new Error(`A search was answered with ${last.protocolOp.type}`);
    const entries = before.map((message) => message.protocolOp).filter((op) => op.type === "searchResultEntry");
    return { entries, done: last.protocolOp, controls: last.controls };
  }

  /** A simple bind's result code. */
  async bind(name: string, password: string): Promise<number> {
    const authentication = { type: "simple", password: Buffer.from(password) } as const;
    const { last } = await this.request({ type: "bindRequest", version: 3, name, authentication });
    if (last.protocolOp.type !== "bindResponse") throw new Error(`A bind was answered with ${last.protocolOp.type}`);
    return last.protocolOp.resultCode;
  }

  /** Waits for a message that was received, or will be. */
  async receive(what: string, isWanted: (message: LdapMessage) => boolean, timeoutMs = 20_000): Promise<LdapMessage> {
    const timeout = AbortSignal.timeout(timeoutMs);
    const late = once(timeout, "abort");
    for (let seen = 0; ; ) {
      while (seen < this.#received.length) {
        const message = this.#received[seen++];
        if (message !== undefined && isWanted(message)) return message;
      }
      if (this.#isClosed) throw new Error(`The server closed the connection instead of sending ${what}`);
      if (timeout.aborted) throw new Error(`Waited ${timeoutMs} ms for ${what}`);
      await Promise.race([this.#news.promise, late]);
    }
  }

  /** Forgets what was received, so that a long test does not keep it. */
  forget(): void {
    this.#received.length = 0;
  }

  /** Resolves when the server has closed the connection. @throws Error when it has not after `timeoutMs`. */
  async closed(timeoutMs = 10_000): Promise<void> {
    const timeout = AbortSignal.timeout(timeoutMs);
    const late = once(timeout, "abort");
    while (!this.#isClosed) {
      if (timeout.aborted) throw new Error(`The server had not closed the connection after ${timeoutMs} ms`);
      await Promise.race([this.#news.promise, late]);
    }
  }

  /** Stops reading what the server sends, as a client that hangs does. */
  pause(): void {
    this.#socket.pause();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #listen(): void {
    this.#socket.on("data", (chunk: Buffer) => this.#append(chunk));
    // A server that resets the connection has closed it too.
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => {
      this.#isClosed = true;
      this.#announce();
    });
  }

  #append(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    let start = 0;
    for (;;) {
      const length = messageLength(this.#buffer, start, this.#buffer.length, maxMessageBytes);
      if (length === undefined || start + length > this.#buffer.length) break;
      this.#received.push(decodeMessage(this.#buffer, start, start + length));
      start += length;
    }
    this.#buffer = this.#buffer.subarray(start);
    if (start > 0) this.#announce();
  }

  #announce(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}

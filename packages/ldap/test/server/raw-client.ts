/** A client that sends exactly what a test says and shows exactly what the server answered. */
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { decodeMessage } from "../../src/message/decode.ts";
import { encodeMessage } from "../../src/message/encode.ts";
import { messageLength } from "../../src/message/framing.ts";
import type { Control, LdapMessage, RequestOp, ResponseOp, SearchRequest } from "../../src/message/message.ts";

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** What the server sent, as a test compares it: the message id and the protocolOp. */
export type Answer = readonly [messageId: number, op: ResponseOp];

export class RawClient {
  socket: Socket;
  /** The fingerprint of the server's certificate, as the handshake showed it. */
  certificate: string | undefined;
  /** Resolves when the server has closed the connection, however it did. */
  readonly closed: Promise<void>;
  readonly #messages: LdapMessage[] = [];
  #received: Uint8Array = new Uint8Array(0);
  #isClosed = false;
  #wake: () => void = () => {};
  #resolveClosed: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#attach(socket);
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connectTcp({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new RawClient(socket);
  }

  static async connectTls(port: number, options: ConnectionOptions = {}): Promise<RawClient> {
    const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
    await once(socket, "secureConnect");
    const client = new RawClient(socket);
    client.certificate = socket.getPeerX509Certificate()?.fingerprint256;
    return client;
  }

  /** The handshake after a StartTLS response. */
  async secure(): Promise<void> {
    this.socket.removeAllListeners();
    const socket = connectTls({ socket: this.socket, rejectUnauthorized: false });
    await once(socket, "secureConnect");
    this.certificate = socket.getPeerX509Certificate()?.fingerprint256;
    this.socket = socket;
    this.#attach(socket);
  }

  send(...parts: readonly (Uint8Array | LdapMessage)[]): void {
    const bytes = parts.map((part) => (part instanceof Uint8Array ? part : encodeMessage(part)));
    this.socket.write(Buffer.concat(bytes));
  }

  request(messageId: number, protocolOp: RequestOp, controls: readonly Control[] = []): void {
    this.send({ messageId, protocolOp, controls });
  }

  /** The next message. Rejects when the server closes before one is complete. */
  async nextMessage(): Promise<LdapMessage> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#isClosed) throw new Error("the server closed the connection");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async next(): Promise<Answer> {
    const { messageId, protocolOp } = await this.nextMessage();
    return [messageId, protocolOp as ResponseOp];
  }

  /** The next `count` answers. */
  async take(count: number): Promise<Answer[]> {
    const answers: Answer[] = [];
    while (answers.length < count) answers.push(await this.next());
    return answers;
  }

  /** Everything until the server closes. */
  async untilClosed(): Promise<Answer[]> {
    await this.closed;
    return this.#messages.splice(0).map(({ messageId, protocolOp }): Answer => [messageId, protocolOp as ResponseOp]);
  }

  /** Answers that have arrived and were not asked for. */
  get unread(): number {
    return this.#messages.length;
  }

  destroy(): void {
    this.socket.destroy();
  }

  #attach(socket: Socket): void {
    socket.on("data", (chunk: Uint8Array) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#parse();
      this.#wake();
    });
    socket.on("error", () => {});
    const close = () => {
      this.#isClosed = true;
      this.#resolveClosed();
      this.#wake();
    };
    socket.on("end", close);
    socket.on("close", close);
  }

  #parse(): void {
    const bytes = this.#received;
    let at = 0;
    for (;;) {
      const length = messageLength(bytes, at, bytes.length, MAX_MESSAGE_BYTES);
      if (length === undefined || at + length > bytes.length) break;
      this.#messages.push(decodeMessage(bytes, at, at + length));
      at += length;
    }
    this.#received = bytes.subarray(at);
  }
}

/** A search whose `baseObject` tells the handler of the test which one it is. */
export function search(baseObject: string, more: Partial<SearchRequest> = {}): SearchRequest {
  return {
    type: "searchRequest",
    baseObject,
    scope: "baseObject",
    derefAliases: "neverDerefAliases",
    sizeLimit: 0,
    timeLimit: 0,
    typesOnly: false,
    filter: { type: "present", attribute: "objectClass" },
    attributes: [],
    ...more,
  };
}

export function bind(name: string, password = "secret"): RequestOp {
  return {
    type: "bindRequest",
    version: 3,
    name,
    authentication: { type: "simple", password: new TextEncoder().encode(password) },
  };
}

export function extended(requestName: string, requestValue?: Uint8Array): RequestOp {
  return { type: "extendedRequest", requestName, requestValue };
}

type ResultType = Exclude<
  ResponseOp["type"],
  "searchResultEntry" | "searchResultReference" | "intermediateResponse" | "bindResponse" | "extendedResponse"
>;

/** A final response without texts, to compare with. */
export function result(type: ResultType, resultCode = 0, diagnosticMessage = ""): ResponseOp {
  return { type, resultCode, matchedDn: "", diagnosticMessage, referral: [] };
}

export function bindResponse(resultCode = 0, diagnosticMessage = ""): ResponseOp {
  return {
    type: "bindResponse",
    resultCode,
    matchedDn: "",
    diagnosticMessage,
    referral: [],
    serverSaslCreds: undefined,
  };
}

export function extendedResponse(
  resultCode = 0,
  more: { diagnosticMessage?: string; responseName?: string; responseValue?: Uint8Array } = {},
): ResponseOp {
  const { diagnosticMessage = "", responseName, responseValue } = more;
  return {
    type: "extendedResponse",
    resultCode,
    matchedDn: "",
    diagnosticMessage,
    referral: [],
    responseName,
    responseValue,
  };
}

/** The notice of disconnection, RFC 4511 §4.4.1. */
export function notice(resultCode: number, diagnosticMessage: string): Answer {
  return [0, extendedResponse(resultCode, { diagnosticMessage, responseName: "1.3.6.1.4.1.1466.20036" })];
}

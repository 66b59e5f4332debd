/** An LDAP server whose every answer the test decides, on a real socket. */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import {
  type Control,
  decodeMessage,
  encodeMessage,
  type LdapMessage,
  messageLength,
  type ResponseOp,
  ResultCode,
} from "@espalier/ldap";

export interface TestConnection {
  readonly socket: Socket;
  readonly received: LdapMessage[];
  answer(messageId: number, op: ResponseOp, controls?: readonly Control[]): void;
}

export type TestHandler = (message: LdapMessage, connection: TestConnection) => void;

export class TestServer implements AsyncDisposable {
  readonly #server: Server;
  readonly connections: TestConnection[] = [];
  onMessage: TestHandler;

  private constructor(onMessage: TestHandler) {
    this.onMessage = onMessage;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** `onMessage`: answers every search and bind with success unless given. */
  static async listen(onMessage: TestHandler = answerSuccess, port = 0): Promise<TestServer> {
    const server = new TestServer(onMessage);
    server.#server.listen(port, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  get url(): string {
    return `ldap://127.0.0.1:${this.port}`;
  }

  /** Those that are open. */
  get open(): readonly TestConnection[] {
    return this.connections.filter(({ socket }) => !socket.destroyed);
  }

  /** Names that were bound, at all connections. */
  get boundNames(): readonly string[] {
    return this.connections.flatMap(({ received }) =>
      received.flatMap(({ protocolOp }) => (protocolOp.type === "bindRequest" ? [protocolOp.name] : [])),
    );
  }

  /** Holds every answer to a search back until it is let go, those to probes excepted. */
  holdSearches(): { release(): void } {
    const held: (() => void)[] = [];
    this.onMessage = (message, connection) => {
      const { protocolOp } = message;
      const isHeld = protocolOp.type === "searchRequest" && protocolOp.baseObject !== "";
      if (isHeld) held.push(() => answerSuccess(message, connection));
      else answerSuccess(message, connection);
    };
    return {
      release: () => {
        this.onMessage = answerSuccess;
        for (const answer of held.splice(0)) answer();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(socket: Socket): void {
    const connection: TestConnection = {
      socket,
      received: [],
      answer(messageId, op, controls = []) {
        socket.write(encodeMessage({ messageId, protocolOp: op, controls }));
      },
    };
    this.connections.push(connection);
    let buffer: Buffer = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      buffer = Buffer.concat([buffer, chunk]);
      for (;;) {
        const length = messageLength(buffer, 0, buffer.length, 1 << 24);
        if (length === undefined || length > buffer.length) return;
        const message = decodeMessage(buffer, 0, length);
        buffer = buffer.subarray(length);
        connection.received.push(message);
        this.onMessage(message, connection);
      }
    });
  }
}

const result = { resultCode: ResultCode.success, matchedDn: "", diagnosticMessage: "", referral: [] };

export function answerSuccess({ messageId, protocolOp }: LdapMessage, connection: TestConnection): void {
  if (protocolOp.type === "searchRequest") connection.answer(messageId, searchDone());
  else if (protocolOp.type === "bindRequest") connection.answer(messageId, bindResponse());
  else if (protocolOp.type === "unbindRequest") connection.socket.end();
}

export function searchDone(resultCode: number = ResultCode.success): ResponseOp {
  return { type: "searchResultDone", ...result, resultCode };
}

export function bindResponse(resultCode: number = ResultCode.success, diagnosticMessage = ""): ResponseOp {
  return { type: "bindResponse", ...result, resultCode, diagnosticMessage, serverSaslCreds: undefined };
}

export function entry(objectName: string): ResponseOp {
  return { type: "searchResultEntry", objectName, attributes: [] };
}

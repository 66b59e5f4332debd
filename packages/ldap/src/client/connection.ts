/** One LDAP session over one socket: framing, message ids, and which response belongs to which request. RFC 4511 §4.1.1, §5. */
import type { Socket } from "node:net";
import { LdapError, ParseError } from "../error.ts";
import { decodeMessage } from "../message/decode.ts";
import { encodeMessage } from "../message/encode.ts";
import type { Control, ExtendedResponse, LdapMessage, LdapResult, ProtocolOp, RequestOp } from "../message/message.ts";
import { finalResponseTypes } from "../message/op-tag.ts";
import { Oid } from "../oid.ts";
import { ResultCode } from "../result-code.ts";
import { LdapClientError } from "./error.ts";
import { MessageBuffer } from "./message-buffer.ts";
import { MessageIds } from "./message-ids.ts";

export type AnsweredRequest = Extract<RequestOp, { type: keyof typeof finalResponseTypes }>;

/** What takes the responses to one request. */
export interface Receiver {
  /** Called for each response; `isFinal` with the last one, after which the request is no longer outstanding. */
  receive(message: LdapMessage, messageBytes: number, isFinal: boolean): void;
  /** Called instead of a final response when the connection ends. */
  fail(error: LdapClientError): void;
  /** `true` while it holds more than it wants. */
  readonly isSaturated: boolean;
  /** `true` while somebody waits for its next response. */
  readonly isAwaited: boolean;
}

export interface ConnectionEvents {
  unsolicitedNotification(notification: ExtendedResponse): void;
  close(reason: LdapClientError): void;
}

interface Outstanding {
  readonly request: AnsweredRequest;
  readonly receiver: Receiver;
}

/** How long after our UnbindRequest the server may take to close its side. */
const UNBIND_TIMEOUT_MS = 2_000;

/**
 * Once it has ended it stays so: every further call fails with the reason.
 *
 * The socket is read while at least one receiver has room or is awaited. A search that nobody reads on therefore stops the
 * socket, except while another operation on the same connection is awaited: its answer may be behind the search's entries,
 * which then are held in memory.
 */
export class Connection {
  #socket: Socket;
  readonly #url: string;
  readonly #events: ConnectionEvents;
  readonly #input: MessageBuffer;
  readonly #messageIds = new MessageIds();
  readonly #outstanding = new Map<number, Outstanding>();
  /** The bind or StartTLS that no other request may go beside. */
  #exclusive: number | undefined;
  /** True from a StartTLS that succeeded until TLS is there: nothing may be read or written meanwhile. */
  #isUpgrading = false;
  #closeReason: LdapClientError | undefined;
  readonly #closed: Promise<void>;
  #resolveClosed: () => void = () => {};

  constructor(socket: Socket, options: { url: string; maxMessageBytes: number; events: ConnectionEvents }) {
    this.#socket = socket;
    this.#url = options.url;
    this.#events = options.events;
    this.#input = new MessageBuffer(options.maxMessageBytes);
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#attach(socket);
  }

  /** Why the connection ended; `undefined` while it is open. */
  get closeReason(): LdapClientError | undefined {
    return this.#closeReason;
  }

  get outstandingCount(): number {
    return this.#outstanding.size;
  }

  /** Whether a bind or StartTLS is under way. */
  get isExclusive(): boolean {
    return this.#exclusive !== undefined;
  }

  /**
   * Sends a request.
   *
   * @throws {LdapClientError} the reason for which the connection ended, or `ERR_NOT_ALONE`.
   */
  submit(request: AnsweredRequest, controls: readonly Control[], receiver: Receiver): number {
    this.#assertOpen();
    if (this.#exclusive !== undefined) {
      throw new LdapClientError(
        "ERR_NOT_ALONE",
        "A bind or StartTLS is under way on this connection; wait for its result.",
      );
    }
    const isExclusive = request.type === "bindRequest" || isStartTls(request);
    if (isExclusive && this.#outstanding.size > 0) {
      throw new LdapClientError(
        "ERR_NOT_ALONE",
        "Other operations are outstanding on this connection; wait for them or abandon them before a bind or StartTLS.",
      );
    }
    const messageId = this.#messageIds.next((id) => this.#outstanding.has(id));
    const bytes = encodeMessage({ messageId, protocolOp: request, controls });
    this.#outstanding.set(messageId, { request, receiver });
    if (isExclusive) this.#exclusive = messageId;
    this.#write(bytes);
    this.regulate();
    return messageId;
  }

  /**
   * Abandons a request, RFC 4511 §4.11: its receiver fails with `reason`, and what still comes for it is thrown away. A bind or
   * StartTLS cannot be abandoned; whose session this is, or whether it is encrypted, would be unknown, so the connection ends.
   */
  abandon(messageId: number, reason: LdapClientError): void {
    const outstanding = this.#outstanding.get(messageId);
    if (outstanding === undefined) return;
    if (messageId === this.#exclusive) {
      const text = `${reason.message} The connection was closed: in what state it is would not be known.`;
      this.destroy(new LdapClientError(reason.code, text, { cause: reason }));
      return;
    }
    this.#outstanding.delete(messageId);
    const abandonId = this.#messageIds.next((id) => this.#outstanding.has(id) || id === messageId);
    this.#send(abandonId, { type: "abandonRequest", messageId });
    outstanding.receiver.fail(reason);
    this.regulate();
  }

  /** Stops or resumes reading; to be called when a receiver's `isSaturated` or `isAwaited` has changed. */
  regulate(): void {
    if (this.#isUpgrading) return;
    let isSaturated = false;
    for (const { receiver } of this.#outstanding.values()) {
      if (receiver.isAwaited) {
        isSaturated = false;
        break;
      }
      isSaturated ||= receiver.isSaturated;
    }
    if (isSaturated) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  /** Puts `secure` around the socket after the server agreed to StartTLS. RFC 4511 §4.14. */
  async startTls(secure: (socket: Socket) => Promise<Socket>): Promise<void> {
    const plain = this.#socket;
    plain.off("data", this.#onData).off("end", this.#onEnd).off("error", this.#onError).off("close", this.#onClose);
    plain.on("error", () => {}).on("close", this.#resolveClosed);
    try {
      this.#assertOpen();
      const socket = await secure(plain);
      if (this.#closeReason !== undefined) socket.destroy();
      this.#assertOpen();
      this.#socket = socket;
      this.#attach(socket);
      this.#exclusive = undefined;
      this.#isUpgrading = false;
    } catch (error) {
      // Whatever else ended the connection meanwhile says more than that TLS could not be had on it.
      this.#assertOpen();
      const text = `StartTLS with ${this.#url} did not come to its end; the connection was closed.`;
      this.destroy(error instanceof LdapClientError ? error : new LdapClientError("ERR_TLS", text, { cause: error }));
      throw error;
    }
  }

  /** Ends the session by an UnbindRequest, RFC 4511 §4.3. What is outstanding fails with `reason`. */
  async unbind(reason: LdapClientError): Promise<void> {
    if (this.#closeReason === undefined) {
      this.#send(
        this.#messageIds.next((id) => this.#outstanding.has(id)),
        { type: "unbindRequest" },
      );
      this.#socket.end();
      this.#end(reason);
      const timer = setTimeout(() => this.#socket.destroy(), UNBIND_TIMEOUT_MS);
      // What the server still sends must be read, or its end is never seen.
      this.#socket.resume();
      await this.#closed;
      clearTimeout(timer);
    }
    await this.#closed;
  }

  /** Ends the session at once, without a word to the server. */
  destroy(reason: LdapClientError): void {
    this.#end(reason);
    this.#socket.destroy();
  }

  #attach(socket: Socket): void {
    socket.on("data", this.#onData).on("end", this.#onEnd).on("error", this.#onError).on("close", this.#onClose);
    if (socket.destroyed) this.#onClose();
  }

  readonly #onData = (chunk: Uint8Array): void => {
    if (this.#closeReason !== undefined) return;
    this.#input.push(chunk);
    try {
      for (let bytes = this.#input.next(); bytes !== undefined; bytes = this.#input.next()) {
        this.#receive(decodeMessage(bytes), bytes.length);
        if (this.#closeReason !== undefined) return;
      }
    } catch (cause) {
      if (!(cause instanceof ParseError)) throw cause;
      const text = `${this.#url} sent what is not a proper LDAP message, so the connection was closed: ${cause.message}.`;
      this.destroy(new LdapClientError("ERR_PROTOCOL", text, { cause }));
      return;
    }
    this.regulate();
  };

  #receive(message: LdapMessage, messageBytes: number): void {
    const { messageId, protocolOp } = message;
    if (messageId === 0) {
      this.#receiveUnsolicited(protocolOp);
      return;
    }
    // An answer to what was abandoned, or one from a confused server: there is nobody to give it to.
    const outstanding = this.#outstanding.get(messageId);
    if (outstanding === undefined) return;
    const finalType = finalResponseTypes[outstanding.request.type];
    const isRefusal =
      protocolOp.type !== finalType &&
      protocolOp.type === "extendedResponse" &&
      protocolOp.resultCode !== ResultCode.success;
    const isFinal = protocolOp.type === finalType || isRefusal;
    if (!isFinal && !isIntermediate(protocolOp, outstanding.request)) {
      throw new ParseError("ERR_MESSAGE", `a ${outstanding.request.type} was answered with a ${protocolOp.type}`);
    }
    if (isFinal) {
      this.#outstanding.delete(messageId);
      if (messageId === this.#exclusive) this.#endExclusive(outstanding.request, protocolOp);
      if (this.#closeReason !== undefined) {
        outstanding.receiver.fail(this.#closeReason);
        return;
      }
    }
    // Samba refuses so whatever has a critical control that it does not know.
    const { request, receiver } = outstanding;
    receiver.receive(isRefusal ? asRefusalOf(request, message, protocolOp) : message, messageBytes, isFinal);
  }

  /** After a StartTLS that succeeded the connection stays exclusive, and silent, until TLS is there. */
  #endExclusive(request: AnsweredRequest, response: ProtocolOp): void {
    if (!isStartTls(request) || !("resultCode" in response) || response.resultCode !== ResultCode.success) {
      this.#exclusive = undefined;
      return;
    }
    this.#isUpgrading = true;
    this.#socket.off("data", this.#onData).pause();
    if (this.#input.byteLength > 0) {
      // Clear text that somebody on the way put there would otherwise be taken for what the server said under TLS.
      const text = `${this.#url} sent clear text behind its answer to StartTLS; the connection was closed.`;
      this.destroy(new LdapClientError("ERR_TLS", text));
    }
  }

  #receiveUnsolicited(protocolOp: ProtocolOp): void {
    if (protocolOp.type !== "extendedResponse") {
      throw new ParseError("ERR_MESSAGE", `a ${protocolOp.type} came with message id 0`);
    }
    this.#events.unsolicitedNotification(protocolOp);
    if (protocolOp.responseName !== Oid.noticeOfDisconnection) return;
    const { resultCode, diagnosticMessage, matchedDn, referral } = protocolOp;
    const cause = new LdapError(resultCode, diagnosticMessage, { matchedDn, referral });
    const text = `${this.#url} ended the connection: ${cause.message}.`;
    this.destroy(new LdapClientError("ERR_NOTICE_OF_DISCONNECTION", text, { cause }));
  }

  readonly #onError = (cause: Error): void => {
    const text = `The connection to ${this.#url} was lost: ${cause.message}. Connect again.`;
    this.#end(new LdapClientError("ERR_CONNECTION_LOST", text, { cause }));
  };

  readonly #onEnd = (): void => {
    this.#end(new LdapClientError("ERR_CONNECTION_LOST", `${this.#url} closed the connection. Connect again.`));
  };

  readonly #onClose = (): void => {
    this.#onEnd();
    this.#resolveClosed();
  };

  #end(reason: LdapClientError): void {
    if (this.#closeReason !== undefined) return;
    this.#closeReason = reason;
    const outstanding = [...this.#outstanding.values()];
    this.#outstanding.clear();
    for (const { receiver } of outstanding) receiver.fail(reason);
    this.#events.close(reason);
  }

  #send(messageId: number, protocolOp: RequestOp): void {
    this.#write(encodeMessage({ messageId, protocolOp, controls: [] }));
  }

  /** Requests of one turn of the event loop go out together. */
  #write(bytes: Uint8Array): void {
    const socket = this.#socket;
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    socket.write(bytes);
  }

  #assertOpen(): void {
    const reason = this.#closeReason;
    if (reason !== undefined) throw new LdapClientError(reason.code, reason.message, { cause: reason });
  }
}

function isStartTls(request: AnsweredRequest): boolean {
  return request.type === "extendedRequest" && request.requestName === Oid.startTls;
}

/** The same result as what should have ended the request. */
function asRefusalOf(
  { type }: AnsweredRequest,
  message: LdapMessage,
  { resultCode, matchedDn, diagnosticMessage, referral }: LdapResult,
): LdapMessage {
  const protocolOp = { type: finalResponseTypes[type], resultCode, matchedDn, diagnosticMessage, referral };
  return { ...message, protocolOp: protocolOp as ProtocolOp };
}

function isIntermediate(response: ProtocolOp, request: AnsweredRequest): boolean {
  if (response.type === "intermediateResponse") return true;
  return (
    request.type === "searchRequest" &&
    (response.type === "searchResultEntry" || response.type === "searchResultReference")
  );
}

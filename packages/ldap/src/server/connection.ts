/** One client's connection: takes messages in, keeps their order, and knows what is in progress. RFC 4511 §4.1.1, §4.2.1, §5.3. */
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { BerWriter } from "../ber/writer.ts";
import { ParseError } from "../error.ts";
import { noticeOfDisconnection } from "../extended/notice-of-disconnection.ts";
import { noControls } from "../message/control.ts";
import { decodeMessage, MessageParseError } from "../message/decode.ts";
import { writeMessage } from "../message/encode.ts";
import type { LdapMessage, RequestOp } from "../message/message.ts";
import { type FinalResponseType, finalResponseTypes, type OpType } from "../message/op-tag.ts";
import { Oid } from "../oid.ts";
import { ResultCode } from "../result-code.ts";
import type { ConnectionContext } from "./connection-context.ts";
import type { ServerLimits } from "./limits.ts";
import { MessageReader, type MessageReaderOwner } from "./message-reader.ts";
import type { CloseReason } from "./observer.ts";
import { type OperationConnection, ServerOperation } from "./operation.ts";
import { OperationsInProgress } from "./operations-in-progress.ts";
import { anonymous, ServerSession, type SessionIdentity, type TlsState } from "./session.ts";
import { Transport, type TransportOwner } from "./transport.ts";
import { unreadableRequestResponse } from "./unreadable-request.ts";

/** What a closing connection still gets: time for the client to read the notice and to close. */
const CLOSING_TIMEOUT_MS = 5_000;

const SHUTTING_DOWN = "the server is shutting down";

/**
 * `handshake` → `open` → `closing` → `closed`. StartTLS goes back from `open` to `handshake`. In `closing` nothing that
 * arrives is looked at and all that goes out has been written; `closed` is when the socket is gone.
 */
type ConnectionPhase = "handshake" | "open" | "closing" | "closed";

const responseTypes: Readonly<Partial<Record<OpType, FinalResponseType>>> = finalResponseTypes;

export class Connection<State> implements TransportOwner, MessageReaderOwner, OperationConnection<State> {
  readonly session: ServerSession<State>;
  readonly #context: ConnectionContext<State>;
  readonly #transport: Transport;
  readonly #reader = new MessageReader(this);
  readonly #operations: OperationsInProgress<State>;
  #phase: ConnectionPhase = "open";
  /** When the phase began, on the server's clock. */
  #phaseSinceMs: number;
  #closeReason: CloseReason | undefined;
  #lastActiveMs: number;
  #isDraining = false;
  /** Whether what is written now will be flushed without being scheduled. */
  #inTurn = false;
  /** Whether it waits in the server's queue of turns. */
  #isScheduled = false;
  /** The server's count of reads after the last one of this connection. */
  #lastRead: number;

  /** The request that has to wait for its turn, and the bytes behind it. While there is one, nothing is read. */
  #held: { readonly message: LdapMessage; readonly request: RequestOp } | undefined;
  #heldBytes: Uint8Array | undefined;
  /** A StartTLS operation that is answered at the end of this turn, unless bytes follow its request. */
  #startingTls: { readonly operation: ServerOperation<State>; readonly secureContext: SecureContext } | undefined;

  constructor(context: ConnectionContext<State>, socket: Socket, identity: SessionIdentity) {
    this.#context = context;
    this.#phaseSinceMs = this.#lastActiveMs = context.nowMs;
    this.#lastRead = context.turns.reads;
    this.session = new ServerSession(this, identity);
    this.#operations = new OperationsInProgress(context.limits.maxOperationsInFlight);
    this.#transport = new Transport(socket, this, context.outputPool, context.limits.maxPendingWriteBytes);
  }

  /** Begins to read; with a TLS handshake first where there is a context. */
  open(secureContext: SecureContext | undefined): void {
    if (secureContext !== undefined) this.#enter("handshake");
    this.#transport.open(secureContext);
  }

  // What arrives.

  received(chunk: Uint8Array): void {
    this.#lastActiveMs = this.#context.nowMs;
    if (this.#phase !== "open") return;
    this.#inTurn = true;
    this.#transport.beginTurn();
    this.#consume(chunk);
    const { turns } = this.#context;
    const isCrowded = turns.isCrowded(this.#lastRead);
    turns.read();
    this.#lastRead = turns.reads;
    if (!isCrowded) {
      this.#endTurn();
      return;
    }
    this.#inTurn = false;
    this.#scheduleTurn();
    turns.relieve();
  }

  /** Its turn in the queue: goes on with what had to wait, and sends what was answered in the meantime. */
  takeTurn(): void {
    this.#isScheduled = false;
    this.#goOn();
  }

  #goOn(): void {
    if (this.#phase !== "open") return;
    this.#inTurn = true;
    this.#resumeHeld();
    this.#endTurn();
  }

  #endTurn(): void {
    this.#inTurn = false;
    if (this.#phase !== "open") return;
    if (this.#isDraining && !this.hasOutstanding) {
      this.disconnect("serverClosed", ResultCode.unavailable, SHUTTING_DOWN);
      return;
    }
    if (this.#startingTls !== undefined) this.#upgrade(this.#startingTls);
    else this.#transport.flush();
  }

  #consume(chunk: Uint8Array): void {
    let at: number;
    try {
      at = this.#reader.read(chunk, this.#context.nowMs);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      this.#violation(error);
      return;
    }
    const isRest = at < chunk.length;
    if (this.#held !== undefined) {
      this.#heldBytes = isRest ? chunk.subarray(at) : undefined;
      this.#transport.pause();
    } else if (this.#startingTls !== undefined && isRest) {
      // They came in clear text: anybody on the way may have put them there, to be taken for the encrypted session's.
      this.#violation(new ParseError("ERR_MESSAGE", "bytes follow the StartTLS request before its response"));
    }
  }

  get mayRead(): boolean {
    return this.#phase === "open" && this.#held === undefined && this.#startingTls === undefined;
  }

  get maxMessageBytes(): number {
    const { limits } = this.#context;
    return this.session.authorization === anonymous ? limits.maxAnonymousMessageBytes : limits.maxMessageBytes;
  }

  /** @throws ParseError when the session cannot go on. */
  accept(bytes: Uint8Array, start: number, end: number): void {
    let message: LdapMessage;
    try {
      message = decodeMessage(bytes, start, end, this.#context.limits);
    } catch (error) {
      if (error instanceof MessageParseError) this.#acceptUnreadable(error);
      else throw error;
      return;
    }
    const { protocolOp } = message;
    if (protocolOp.type === "unbindRequest") {
      this.#unbind();
      return;
    }
    this.#checkMessageId(message.messageId);
    if (protocolOp.type === "abandonRequest") {
      this.#abandon(protocolOp.messageId);
      return;
    }
    if (responseTypes[protocolOp.type] === undefined) {
      throw new ParseError("ERR_MESSAGE", `a ${protocolOp.type} is not a request`);
    }
    const request = protocolOp as RequestOp;
    if (this.#mayBegin(request)) this.#begin(message, request);
    else this.#held = { message, request };
  }

  #acceptUnreadable(error: MessageParseError): void {
    const { messageId } = error;
    const protocolOp = unreadableRequestResponse(error);
    if (protocolOp === undefined) throw error;
    this.#checkMessageId(messageId);
    const { session } = this;
    const { observer } = this.#context;
    observer.protocolError?.(session, error);
    if (protocolOp.type === "bindResponse") session.authorization = anonymous;
    writeMessage(this.writer, { messageId, protocolOp, controls: noControls });
    this.written();
    observer.operationEnded?.({
      session,
      messageId,
      request: undefined,
      outcome: "answered",
      resultCode: ResultCode.protocolError,
      diagnosticMessage: error.message,
      entries: 0,
      durationMs: 0,
    });
  }

  /** RFC 4511 §4.1.1.1: not zero, and not that of an operation in progress. */
  #checkMessageId(messageId: number): void {
    if (messageId === 0) throw new ParseError("ERR_MESSAGE", "message id 0 is not for requests");
    if (this.#operations.get(messageId) !== undefined) {
      throw new ParseError("ERR_MESSAGE", `message id ${messageId} is that of an operation in progress`);
    }
  }

  #mayBegin(request: RequestOp): boolean {
    return !this.#isDraining && !this.#transport.isCongested && this.#operations.mayBegin(request);
  }

  #resumeHeld(): void {
    while (this.#held !== undefined && this.#phase === "open" && this.#mayBegin(this.#held.request)) {
      const { message, request } = this.#held;
      const bytes = this.#heldBytes;
      this.#held = undefined;
      this.#heldBytes = undefined;
      this.#begin(message, request);
      if (bytes !== undefined) this.#consume(bytes);
      if (this.#held === undefined) this.#transport.resume();
    }
  }

  // Operations.

  #begin(message: LdapMessage, request: RequestOp): void {
    const operation = new ServerOperation(this, message, request, responseTypes[request.type]!, this.#startTime());
    if (request.type === "bindRequest") this.session.authorization = anonymous;
    this.#context.dispatcher.run(operation, this);
    if (operation.phase !== "running" && !operation.isHandlerPending) return;
    this.#operations.add(operation);
    if (this.#phase !== "open") operation.disconnect();
  }

  /** RFC 4511 §4.11: a bind cannot be abandoned, and nobody is told of an operation that is not there. */
  #abandon(messageId: number): void {
    const operation = this.#operations.get(messageId);
    if (operation?.request.type !== "bindRequest") operation?.abandon();
  }

  outstanding(messageId: number): ServerOperation<State> | undefined {
    return this.#operations.get(messageId);
  }

  get hasOutstanding(): boolean {
    return !this.#operations.isEmpty;
  }

  operationEnded(operation: ServerOperation<State>, diagnosticMessage: string): void {
    if (operation.request.type === "bindRequest" && operation.resultCode !== ResultCode.success) {
      this.session.authorization = anonymous;
    }
    if (operation.isInProgress) {
      this.#operations.ended(operation);
      this.#lastActiveMs = this.#context.nowMs;
      this.#scheduleTurn();
    }
    this.#context.observer.operationEnded?.(operation.summary(diagnosticMessage));
    operation.answerCancel();
  }

  handlerSettled(operation: ServerOperation<State>): void {
    if (!operation.isInProgress) return;
    this.#operations.settled();
    this.#scheduleTurn();
  }

  handlerError(messageId: number, error: unknown): void {
    this.#context.observer.handlerError?.(this.session, messageId, error);
  }

  #startTime(): number {
    return this.#context.observer.operationEnded === undefined ? 0 : performance.now();
  }

  /** RFC 4511 §4.14: `operation` is answered when it is certain that nothing follows it in clear text. */
  startTls(operation: ServerOperation<State>, secureContext: SecureContext): void {
    this.#startingTls = { operation, secureContext };
  }

  /** For a handshake that begins now. */
  get secureContext(): SecureContext | undefined {
    return this.#context.secureContext;
  }

  #upgrade({ operation, secureContext }: { operation: ServerOperation<State>; secureContext: SecureContext }): void {
    operation.end({ resultCode: ResultCode.success, responseName: Oid.startTls });
    this.#startingTls = undefined;
    this.#enter("handshake");
    this.#transport.pause();
    this.#transport.flush(() => {
      if (this.#phase === "handshake") this.#transport.startTls(secureContext);
    });
  }

  // What goes out.

  get writer(): BerWriter {
    return this.#transport.writer;
  }

  written(): void {
    this.#transport.written();
    if (!this.#inTurn) this.#scheduleTurn();
  }

  get writable(): boolean {
    return this.#transport.writable;
  }

  drained(): Promise<void> {
    return this.#transport.drained();
  }

  #scheduleTurn(): void {
    if (this.#isScheduled || this.#phase !== "open") return;
    this.#isScheduled = true;
    this.#context.turns.add(this);
  }

  // The transport's events.

  secured(state: TlsState): void {
    this.session.tls = state;
    if (this.#phase === "handshake") this.#enter("open");
    this.#lastActiveMs = this.#context.nowMs;
  }

  tlsFailed(error: Error): void {
    this.#closeReason ??= "tlsError";
    this.#context.observer.tlsError?.(this.session, error);
  }

  caughtUp(): void {
    this.#goOn();
  }

  /** A client that has closed its side is gone: LDAP has no use for half a connection. */
  ended(): void {
    this.#leave("client");
  }

  closed(): void {
    this.#leave("client");
    this.#enter("closed");
    const { bytesRead, bytesWritten } = this.#transport;
    this.#context.closed(this);
    this.#context.observer.connectionClosed?.({
      session: this.session,
      reason: this.#closeReason ?? "client",
      bytesRead,
      bytesWritten,
    });
  }

  // The end.

  /** Sends a notice of disconnection and closes; without TLS in place where there should be, it only closes. */
  disconnect(reason: CloseReason, resultCode: number, diagnosticMessage: string): void {
    const isHandshake = this.#phase === "handshake";
    if (!this.#leave(reason)) return;
    if (isHandshake) {
      this.#transport.destroy();
      return;
    }
    writeMessage(this.#transport.writer, noticeOfDisconnection(resultCode, diagnosticMessage));
    this.#transport.end();
  }

  /** RFC 4511 §4.3: nothing is answered any longer, and nothing behind it is looked at. */
  #unbind(): void {
    if (this.#leave("unbind")) this.#transport.finish();
  }

  /** Closes at once, with a notice if the client can take it at once. */
  close(): void {
    const canRead = this.#phase === "open";
    this.#leave("serverClosed");
    if (canRead) writeMessage(this.#transport.writer, noticeOfDisconnection(ResultCode.unavailable, SHUTTING_DOWN));
    this.#transport.destroy();
  }

  /** Closes at once, without a notice. */
  drop(reason: CloseReason = "dropped"): void {
    this.#leave(reason);
    this.#transport.destroy();
  }

  /** Closes with a notice as soon as nothing is in progress; what the client asks from here on is not begun. */
  drain(): void {
    this.#isDraining = true;
    if (!this.hasOutstanding || this.#phase !== "open") {
      this.disconnect("serverClosed", ResultCode.unavailable, SHUTTING_DOWN);
    }
  }

  /** It has asked nothing for so long, and all that it asked before has been answered. */
  isQuiet(quietMs: number): boolean {
    return this.#phase === "open" && !this.hasOutstanding && this.#context.nowMs - this.#lastActiveMs >= quietMs;
  }

  /** Ends what has taken longer than the limits allow. To be called now and then. */
  sweep(): void {
    const { limits, nowMs } = this.#context;
    const phaseMs = nowMs - this.#phaseSinceMs;
    switch (this.#phase) {
      case "handshake":
        if (phaseMs > limits.tlsHandshakeTimeoutMs) this.drop("tlsHandshakeTimeout");
        return;
      case "closing":
        if (phaseMs > CLOSING_TIMEOUT_MS) this.#transport.destroy();
        return;
      case "open":
        this.#sweepOpen(limits, nowMs);
    }
  }

  #sweepOpen(limits: ServerLimits, nowMs: number): void {
    const { idleTimeoutMs, messageTimeoutMs, writeTimeoutMs } = limits;
    const { partialSinceMs } = this.#reader;
    if (writeTimeoutMs > 0 && this.#transport.isStalled(nowMs, writeTimeoutMs)) {
      this.drop("writeTimeout");
    } else if (messageTimeoutMs > 0 && partialSinceMs !== undefined && nowMs - partialSinceMs > messageTimeoutMs) {
      this.disconnect("messageTimeout", ResultCode.protocolError, "a message was begun and not completed in time");
    } else if (idleTimeoutMs > 0 && !this.hasOutstanding && nowMs - this.#lastActiveMs > idleTimeoutMs) {
      this.disconnect("idleTimeout", ResultCode.unavailable, "the session was idle for too long");
    }
  }

  #violation(error: ParseError): void {
    this.#context.observer.protocolError?.(this.session, error);
    this.disconnect("protocolError", ResultCode.protocolError, error.message);
  }

  /** Leaves `handshake` or `open` for `closing`; false when that had happened before. The first reason is the one told. */
  #leave(reason: CloseReason): boolean {
    if (this.#phase === "closing" || this.#phase === "closed") return false;
    this.#enter("closing");
    this.#closeReason ??= reason;
    this.#held = undefined;
    this.#heldBytes = undefined;
    this.#reader.reset();
    this.#operations.disconnect();
    return true;
  }

  #enter(phase: ConnectionPhase): void {
    this.#phase = phase;
    this.#phaseSinceMs = this.#context.nowMs;
  }
}

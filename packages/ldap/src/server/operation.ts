/** One operation in progress, from its request to its response. RFC 4511 §3.1, §4.11; RFC 3909. */
import type { BerWriter } from "../ber/writer.ts";
import { LdapError } from "../error.ts";
import { noControls } from "../message/control.ts";
import { writeEncodedMessage, writeMessage } from "../message/encode.ts";
import type { Control, PartialAttribute, RequestOp, ResponseOp } from "../message/message.ts";
import { type FinalResponseType, OpTag } from "../message/op-tag.ts";
import { ResultCode } from "../result-code.ts";
import type { OperationResult, SearchOperation } from "./handler.ts";
import type { OperationEnded } from "./observer.ts";
import { type AnyResult, responseOf, writeResultCode } from "./response.ts";
import type { ServerSession } from "./session.ts";

/** All that a client may know of a fault in the handler; the observer gets the error. */
const internalError: OperationResult = { resultCode: ResultCode.other, diagnosticMessage: "internal error" };

/** What an operation needs of its connection. */
export interface OperationConnection<State> {
  readonly session: ServerSession<State>;
  readonly writer: BerWriter;
  /** To be called after each response was written to `writer`. */
  written(): void;
  readonly writable: boolean;
  drained(): Promise<void>;
  drop(): void;
  operationEnded(operation: ServerOperation<State>, diagnosticMessage: string): void;
  /** The promise of its asynchronous handler has settled. */
  handlerSettled(operation: ServerOperation<State>): void;
  handlerError(messageId: number, error: unknown): void;
}

/**
 * `running` is the only state in which anything is sent. `ended` by its response; `cancelled` and `abandoned` by the
 * client; `disconnected` with its connection.
 */
export type OperationPhase = "running" | "ended" | "cancelled" | "abandoned" | "disconnected";

/** Serves every kind of operation: one shape of object keeps the path of a request fast. */
export class ServerOperation<State> implements SearchOperation<State> {
  readonly messageId: number;
  readonly controls: readonly Control[];
  readonly request: RequestOp;
  readonly responseType: FinalResponseType;
  /** By `performance.now()`, and 0 when nobody wants to know. */
  readonly startedAtMs: number;
  entries = 0;
  resultCode: number | undefined = undefined;
  phase: OperationPhase = "running";
  /** Whether it is among `OperationsInProgress`: it did not end within the handler's call. */
  isInProgress = false;
  /** Whether its handler's promise is still pending. */
  isHandlerPending = false;
  /** A Cancel operation that is answered when this one has ended. */
  cancelledBy: ServerOperation<State> | undefined = undefined;
  readonly #connection: OperationConnection<State>;
  #controller: AbortController | undefined = undefined;

  constructor(
    connection: OperationConnection<State>,
    message: { readonly messageId: number; readonly controls: readonly Control[] },
    request: RequestOp,
    responseType: FinalResponseType,
    startedAtMs: number,
  ) {
    this.#connection = connection;
    this.messageId = message.messageId;
    this.controls = message.controls;
    this.request = request;
    this.responseType = responseType;
    this.startedAtMs = startedAtMs;
  }

  get session(): ServerSession<State> {
    return this.#connection.session;
  }

  get isCancelled(): boolean {
    return this.cancelledBy !== undefined || (this.phase !== "running" && this.phase !== "ended");
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.isCancelled) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  entry(
    entry: { objectName: string; attributes: readonly PartialAttribute[] },
    controls: readonly Control[] = noControls,
  ): void {
    if (!this.#maySend()) return;
    const { objectName, attributes } = entry;
    this.#send({ type: "searchResultEntry", objectName, attributes }, controls);
    this.entries++;
  }

  encodedEntry(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    if (!this.#maySend()) return;
    writeEncodedMessage(this.#connection.writer, this.messageId, bytes, start, end);
    this.#connection.written();
    this.entries++;
  }

  reference(uris: readonly string[], controls: readonly Control[] = noControls): void {
    if (this.#maySend()) this.#send({ type: "searchResultReference", uris }, controls);
  }

  intermediate(
    responseName: string | undefined,
    responseValue?: Uint8Array,
    controls: readonly Control[] = noControls,
  ): void {
    if (this.#maySend()) this.#send({ type: "intermediateResponse", responseName, responseValue }, controls);
  }

  done(result?: number | OperationResult, controls?: readonly Control[]): void {
    this.end(result, controls);
  }

  end(result: number | AnyResult = ResultCode.success, controls: readonly Control[] = noControls): void {
    if (!this.#maySend()) return;
    if (typeof result === "number") {
      if (controls.length === 0) this.#sendResultCode(result);
      else this.#send(responseOf(this.responseType, { resultCode: result }), controls);
      this.#finish("ended", result, "");
      return;
    }
    this.#send(responseOf(this.responseType, result), controls);
    this.#finish("ended", result.resultCode, result.diagnosticMessage ?? "");
  }

  get writable(): boolean {
    return this.#connection.writable;
  }

  drained(): Promise<void> {
    return this.#connection.drained();
  }

  dropConnection(): void {
    this.#connection.drop();
  }

  /** RFC 4511 §4.11: ends without a response. */
  abandon(): void {
    if (this.phase === "running") this.#finish("abandoned", undefined, "");
  }

  /** The connection is gone. */
  disconnect(): void {
    if (this.phase === "running") this.#finish("disconnected", undefined, "");
  }

  /** RFC 3909 §2: ends now with `canceled`. For operations that change nothing. */
  cancel(): void {
    if (this.phase !== "running") return;
    this.#sendResultCode(ResultCode.canceled);
    this.#finish("cancelled", ResultCode.canceled, "");
  }

  /** Asks the handler to stop and lets it say whether it could; `cancelOperation` is answered when it has. */
  requestCancel(cancelOperation: ServerOperation<State>): void {
    this.cancelledBy = cancelOperation;
    this.#controller?.abort();
  }

  /** The handler threw or rejected. */
  fail(error: unknown): void {
    if (error instanceof LdapError) {
      if (this.phase === "running") this.#endWith(error);
      return;
    }
    // What a handler throws because its signal was aborted is not a fault.
    const isAbort = this.isCancelled && error instanceof Error && error.name === "AbortError";
    if (!isAbort) this.#connection.handlerError(this.messageId, error);
    if (this.phase === "running") {
      this.#endWith(isAbort ? { resultCode: ResultCode.canceled } : internalError);
    }
  }

  handlerSettled(): void {
    this.isHandlerPending = false;
    if (this.phase === "running") {
      this.#connection.handlerError(
        this.messageId,
        new Error(`The handler of the ${this.request.type} settled without ending it: call end() or done()`),
      );
      this.#endWith(internalError);
    }
    this.#connection.handlerSettled(this);
  }

  /** RFC 3909 §2: whether the change could be stopped, now that it has ended. */
  answerCancel(): void {
    if (this.cancelledBy?.phase !== "running") return;
    const wasTooLate = this.phase === "ended" && this.resultCode !== ResultCode.canceled;
    this.cancelledBy.end(wasTooLate ? ResultCode.tooLate : ResultCode.success);
  }

  /** What an observer is told when the operation has ended. */
  summary(diagnosticMessage: string): OperationEnded<State> {
    return {
      session: this.session,
      messageId: this.messageId,
      request: this.request,
      outcome: this.phase === "running" || this.phase === "ended" ? "answered" : this.phase,
      resultCode: this.resultCode,
      diagnosticMessage,
      entries: this.entries,
      durationMs: performance.now() - this.startedAtMs,
    };
  }

  /** Whether a response may still go out. Reports a handler that answers twice. */
  #maySend(): boolean {
    if (this.phase === "running") return true;
    if (this.phase === "ended") {
      this.#connection.handlerError(
        this.messageId,
        new Error(`The ${this.request.type} has ended already: a handler sends nothing after end() or done()`),
      );
    }
    return false;
  }

  /** Ends with a result that came out of an error: one that cannot be sent must not throw again. */
  #endWith(result: OperationResult): void {
    try {
      this.end(result);
    } catch (error) {
      this.#connection.handlerError(this.messageId, error);
      this.end(internalError);
    }
  }

  #sendResultCode(resultCode: number): void {
    const { writer } = this.#connection;
    const before = writer.length;
    try {
      writeResultCode(writer, this.messageId, OpTag[this.responseType], resultCode);
    } catch (error) {
      writer.length = before;
      throw error;
    }
    this.#connection.written();
  }

  #send(protocolOp: ResponseOp, controls: readonly Control[]): void {
    const { writer } = this.#connection;
    const before = writer.length;
    try {
      writeMessage(writer, { messageId: this.messageId, protocolOp, controls });
    } catch (error) {
      // What cannot be encoded leaves no part of itself behind.
      writer.length = before;
      throw error;
    }
    this.#connection.written();
  }

  #finish(phase: OperationPhase, resultCode: number | undefined, diagnosticMessage: string): void {
    this.phase = phase;
    this.resultCode = resultCode;
    if (phase !== "ended") this.#controller?.abort();
    this.#connection.operationEnded(this, diagnosticMessage);
  }
}

/** What a server does with each operation: the interface its author implements. RFC 4511 §4. */
import type {
  AddRequest,
  BindRequest,
  CompareRequest,
  Control,
  DelRequest,
  ExtendedRequest,
  ModifyDnRequest,
  ModifyRequest,
  PartialAttribute,
  RequestOp,
  SearchRequest,
} from "../message/message.ts";
import type { Session } from "./session.ts";

/** The operations that have a response, by the name of the handler's method. */
export type OperationName = "bind" | "search" | "modify" | "add" | "del" | "modifyDn" | "compare" | "extended";

/** A method that returns nothing may have ended the operation already, or end it later from a callback. */
export type Handled = void | Promise<void>;

/**
 * One method an operation, synchronous or not; a synchronous one that ends its operation costs no promise. An operation
 * ends with `operation.end(…)` (a search also with `done`), or by throwing: an `LdapError` is its own result, anything
 * else is `other` (80) to the client and `handlerError` to the observer. A promise that settles before the operation has
 * ended counts as such an error.
 *
 * Requests are as decoded: byte values may be views into the received data, so copy what outlives the operation.
 */
export interface LdapHandler<State = unknown> {
  /**
   * Answers simple and SASL binds of version 3. Alone on its connection: it begins when all else has ended, and what comes
   * after it waits. Set `operation.session.authorization`, then end with success. Without this method an anonymous simple
   * bind succeeds and every other is `authMethodNotSupported`.
   */
  bind?(request: BindRequest, operation: BindOperation<State>): Handled;
  /** The methods from here on: without one, its operation is `unwillingToPerform`. */
  search?(request: SearchRequest, operation: SearchOperation<State>): Handled;
  compare?(request: CompareRequest, operation: Operation<State>): Handled;
  add?(request: AddRequest, operation: Operation<State>): Handled;
  modify?(request: ModifyRequest, operation: Operation<State>): Handled;
  del?(request: DelRequest, operation: Operation<State>): Handled;
  modifyDn?(request: ModifyDnRequest, operation: Operation<State>): Handled;
  /**
   * Extended operations by OID; one that is not here is `protocolError` (RFC 4511 §4.12). StartTLS and Cancel are the
   * server's own; Who am I? answers with the DN of `session.authorization` unless it is given here.
   */
  readonly extended?: Readonly<Record<string, ExtendedHandler<State>>>;
  /**
   * OIDs of the controls that each operation honours. A request with a critical control that is not among them is
   * `unavailableCriticalExtension` and does not reach the handler; one that is not critical is passed on and may be ignored.
   */
  readonly supportedControls?: Readonly<Partial<Record<OperationName, readonly string[]>>>;
}

export type ExtendedHandler<State = unknown> = (
  request: ExtendedRequest,
  operation: ExtendedOperation<State>,
) => Handled;

/** How an operation ended, RFC 4511 §4.1.9; what is left out is empty. An `LdapError` is one. */
export interface OperationResult {
  readonly resultCode: number;
  readonly matchedDn?: string | undefined;
  readonly diagnosticMessage?: string | undefined;
  readonly referral?: readonly string[] | undefined;
}

export interface BindResult extends OperationResult {
  readonly serverSaslCreds?: Uint8Array | undefined;
}

export interface ExtendedResult extends OperationResult {
  readonly responseName?: string | undefined;
  readonly responseValue?: Uint8Array | undefined;
}

/** One request in progress. After it was abandoned, cancelled or disconnected, what the handler still sends is dropped. */
export interface Operation<State = unknown, Result extends OperationResult = OperationResult> {
  readonly session: Session<State>;
  readonly messageId: number;
  readonly controls: readonly Control[];
  readonly request: RequestOp;
  /** Aborted when the operation is abandoned or cancelled, or its connection ends. */
  readonly signal: AbortSignal;
  /** Whether `signal` is aborted, without creating it. */
  readonly isCancelled: boolean;
  /** Sends the response: a result code alone or a whole result; success when left out. Only the first call counts. */
  end(result?: number | Result, controls?: readonly Control[]): void;
  /** An IntermediateResponse, RFC 4511 §4.13. */
  intermediate(responseName: string | undefined, responseValue?: Uint8Array, controls?: readonly Control[]): void;
  /** Closes the connection at once and without an answer, as `session.destroy()`. */
  dropConnection(): void;
}

export interface BindOperation<State = unknown> extends Operation<State, BindResult> {}

export interface ExtendedOperation<State = unknown> extends Operation<State, ExtendedResult> {}

/**
 * A search also sends entries and references. Entries are written as fast as they are given: a handler with many of them
 * stays within `maxPendingWriteBytes` and leaves other connections their turn with
 *
 * ```ts
 * for (const entry of entries) {
 *   if (!operation.writable) await operation.drained();
 *   if (operation.isCancelled) return;
 *   operation.entry(entry);
 * }
 * operation.done();
 * ```
 */
export interface SearchOperation<State = unknown> extends Operation<State> {
  entry(entry: { objectName: string; attributes: readonly PartialAttribute[] }, controls?: readonly Control[]): void;
  /** `bytes[start, end)` is a SearchResultEntry already encoded: the `[APPLICATION 4]` element. It is copied at once. */
  encodedEntry(bytes: Uint8Array, start?: number, end?: number): void;
  reference(uris: readonly string[], controls?: readonly Control[]): void;
  /** `end` by the name of the response it sends. */
  done(result?: number | OperationResult, controls?: readonly Control[]): void;
  /** False when the client is behind with reading, or this connection has had its share of this turn. */
  readonly writable: boolean;
  /** Resolves when the search may go on writing; also when it was cancelled. */
  drained(): Promise<void>;
}

/** The operations of one connection that outlived their handler's call, and which others may begin beside them. RFC 4511 §4.2.1. */
import type { RequestOp } from "../message/message.ts";
import type { ServerOperation } from "./operation.ts";

/** A connection whose handlers answer at once never creates the map: it costs an idle connection nothing. */
export class OperationsInProgress<State> {
  readonly #maxInFlight: number;
  #byMessageId: Map<number, ServerOperation<State>> | undefined;
  /** Those of the map, and the ones that are answered while their handler's promise is still pending. */
  #inFlight = 0;
  #bind: ServerOperation<State> | undefined;

  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight;
  }

  /** Whether a request is still to be answered. */
  get isEmpty(): boolean {
    return this.#byMessageId === undefined || this.#byMessageId.size === 0;
  }

  get(messageId: number): ServerOperation<State> | undefined {
    return this.#byMessageId?.get(messageId);
  }

  /** `operation` did not end within its handler's call, or its handler's promise is pending. */
  add(operation: ServerOperation<State>): void {
    operation.isInProgress = true;
    this.#inFlight++;
    if (operation.phase !== "running") return;
    this.#byMessageId ??= new Map();
    this.#byMessageId.set(operation.messageId, operation);
    if (operation.request.type === "bindRequest") this.#bind = operation;
  }

  /** `operation` has ended. */
  ended(operation: ServerOperation<State>): void {
    if (operation === this.#bind) this.#bind = undefined;
    this.#byMessageId?.delete(operation.messageId);
    if (!operation.isHandlerPending) this.#inFlight--;
  }

  /** The promise of its handler has settled, after it had ended. */
  settled(): void {
    this.#inFlight--;
  }

  /**
   * "Before processing a BindRequest, all uncompleted operations MUST either complete or be abandoned": they complete. And
   * nothing begins during a bind, nor when as many as the limit are in progress.
   */
  mayBegin(request: RequestOp): boolean {
    if (this.#inFlight === 0) return true;
    if (this.#bind !== undefined || this.#inFlight >= this.#maxInFlight) return false;
    return request.type !== "bindRequest" || this.isEmpty;
  }

  /** The connection is gone: all of them end without an answer. */
  disconnect(): void {
    if (this.#byMessageId === undefined) return;
    for (const operation of [...this.#byMessageId.values()]) operation.disconnect();
  }
}

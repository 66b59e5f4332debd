/** A request that has one final response: its time-out, its signal, and what became of it. RFC 4511 §4.1.1. */
import type { Control, IntermediateResponse, LdapMessage } from "../message/message.ts";
import type { AnsweredRequest, Connection } from "./connection.ts";
import { LdapClientError } from "./error.ts";
import { type OperationResult, operationResult, type ResponseTo } from "./result.ts";
import { startTimer } from "./timer.ts";

export interface OperationOptions {
  readonly controls?: readonly Control[];
  /**
   * Abandons the operation and rejects with the signal's reason. Whether the server has done it by then is not known. A bind or
   * StartTLS cannot be abandoned: the connection is closed.
   */
  readonly signal?: AbortSignal;
  /** How long to wait for the server's next response to this operation before it is abandoned; 0 waits for ever. */
  readonly timeoutMs?: number;
}

export interface RequestContext {
  readonly connection: Connection;
  readonly controls: readonly Control[];
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
}

/**
 * Sends `request` and gives its final response, whatever the result code.
 *
 * @throws {LdapClientError} or `signal.reason`.
 */
export function sendRequest<Request extends AnsweredRequest>(
  { connection, controls, signal, timeoutMs }: RequestContext,
  request: Request,
  onIntermediate?: (response: OperationIntermediate) => void,
): Promise<OperationResult<ResponseTo<Request>>> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let timer: NodeJS.Timeout | undefined;
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    const messageId = connection.submit(request, controls, {
      isSaturated: false,
      isAwaited: true,
      receive(message, _messageBytes, isFinal) {
        if (isFinal) {
          settle();
          resolve(operationResult<ResponseTo<Request>>(message));
        } else {
          timer?.refresh();
          onIntermediate?.(intermediate(message));
        }
      },
      fail(error) {
        settle();
        reject(error);
      },
    });
    // The rejection comes first: to abandon a bind is to end the connection, which would reject with less to say.
    const giveUp = (error: unknown, reason: LdapClientError) => {
      settle();
      reject(error);
      connection.abandon(messageId, reason);
    };
    const onAbort = () => giveUp(signal?.reason, abandoned(request));
    timer = startTimer(timeoutMs, () => {
      const error = timedOut(request, timeoutMs);
      giveUp(error, error);
    });
    signal?.addEventListener("abort", onAbort);
  });
}

/** An intermediate response, RFC 4511 §4.13, with its controls. */
export type OperationIntermediate = IntermediateResponse & { readonly controls: readonly Control[] };

export function intermediate(message: LdapMessage): OperationIntermediate {
  return { ...(message.protocolOp as IntermediateResponse), controls: message.controls };
}

export function timedOut(request: AnsweredRequest, timeoutMs: number): LdapClientError {
  const text = `The server did not answer the ${request.type} for ${timeoutMs} ms; it was given up and may still have been done.`;
  return new LdapClientError("ERR_OPERATION_TIMEOUT", text);
}

export function abandoned(request: AnsweredRequest): LdapClientError {
  return new LdapClientError("ERR_ABANDONED", `The ${request.type} was abandoned; it may still have been done.`);
}

/** The Cancel operation, RFC 3909: like abandon, but both operations are answered. */
import { ParseError } from "../error.ts";
import { decodeCancelRequest } from "../extended/cancel.ts";
import type { ExtendedRequest } from "../message/message.ts";
import { Oid } from "../oid.ts";
import { ResultCode } from "../result-code.ts";
import type { ServerOperation } from "./operation.ts";

/** What Cancel needs of its connection. */
interface CancelConnection<State> {
  /** The operation in progress that has this message id. */
  outstanding(messageId: number): ServerOperation<State> | undefined;
}

export function cancel<State>(
  request: ExtendedRequest,
  operation: ServerOperation<State>,
  connection: CancelConnection<State>,
): void {
  let cancelId: number;
  try {
    cancelId = decodeCancelRequest(request);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    operation.end({ resultCode: ResultCode.protocolError, diagnosticMessage: error.message });
    return;
  }
  const target = connection.outstanding(cancelId);
  if (target === undefined) {
    operation.end(ResultCode.noSuchOperation);
    return;
  }
  const { type } = target.request;
  if (type === "searchRequest" || type === "compareRequest") {
    target.cancel();
    operation.end();
    return;
  }
  const isCancel = type === "extendedRequest" && target.request.requestName === Oid.cancel;
  if (type === "bindRequest" || isCancel || target.cancelledBy !== undefined) operation.end(ResultCode.cannotCancel);
  // Whether it is too late for a change only its handler knows.
  else target.requestCancel(operation);
}

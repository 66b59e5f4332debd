/** What an operation ended with, RFC 4511 §4.1.9, with the controls of its response. */
import { LdapError } from "../error.ts";
import type { Control, LdapMessage, LdapResult, ResponseOp } from "../message/message.ts";
import type { finalResponseTypes } from "../message/op-tag.ts";
import { ResultCode } from "../result-code.ts";
import type { AnsweredRequest } from "./connection.ts";
import type { SearchEntry } from "./search-entry.ts";
import type { SearchReference } from "./search-stream.ts";

/** The final response to a request of this type. */
export type ResponseTo<Request extends AnsweredRequest> = Extract<
  ResponseOp,
  { type: (typeof finalResponseTypes)[Request["type"]] }
>;

/** A final response together with its controls. */
export type OperationResult<Response extends LdapResult = LdapResult> = Response & {
  readonly controls: readonly Control[];
};

/** A result other than success. `result` is the whole response: a refused bind says in a control why, for instance. */
export class OperationError extends LdapError {
  readonly result: OperationResult;
  constructor(result: OperationResult) {
    super(result.resultCode, result.diagnosticMessage, { matchedDn: result.matchedDn, referral: result.referral });
    this.result = result;
  }
}

/** A search that failed after it had given something; a size limit does that. */
export class PartialSearchError extends OperationError {
  readonly entries: readonly SearchEntry[];
  readonly references: readonly SearchReference[];
  constructor(result: OperationResult, entries: readonly SearchEntry[], references: readonly SearchReference[]) {
    super(result);
    this.entries = entries;
    this.references = references;
  }
}

/** @throws {OperationError} unless the result code is one of `expected`; a referral is an error and is not followed. */
export function expectResult<Response extends LdapResult>(
  result: OperationResult<Response>,
  ...expected: readonly number[]
): OperationResult<Response> {
  if (!(expected.length === 0 ? [ResultCode.success] : expected).includes(result.resultCode)) {
    throw new OperationError(result);
  }
  return result;
}

/** The final response in `message`; its type has been checked against the request's by the connection. */
export function operationResult<Response extends ResponseOp & LdapResult>(
  message: LdapMessage,
): OperationResult<Response> {
  return { ...(message.protocolOp as Response), controls: message.controls };
}

/** What becomes of a request whose envelope can be read and whose body cannot. RFC 4511 §4.1.1. */
import type { ParseErrorCode } from "../error.ts";
import type { MessageParseError } from "../message/decode.ts";
import type { ResponseOp } from "../message/message.ts";
import { finalResponseTypeOf } from "../message/op-tag.ts";
import { ResultCode } from "../result-code.ts";
import { responseOf } from "./response.ts";

/** "the encoding structures or lengths of data fields are found to be incorrect": the session ends. */
const endsSession: ReadonlySet<ParseErrorCode> = new Set(["ERR_BER_TAG", "ERR_BER_LENGTH", "ERR_BER_TRUNCATED"]);

/**
 * The response for what is well-formed BER and yet not the request it should be: "Otherwise, server implementations MUST
 * return an appropriate response to the request, with the resultCode set to protocolError." `undefined` where the session
 * ends instead.
 */
export function unreadableRequestResponse(error: MessageParseError): ResponseOp | undefined {
  const responseType = finalResponseTypeOf(error.opTag);
  if (responseType === undefined || endsSession.has(error.code)) return undefined;
  return responseOf(responseType, { resultCode: ResultCode.protocolError, diagnosticMessage: error.message });
}

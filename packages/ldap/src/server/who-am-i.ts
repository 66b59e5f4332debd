/** The answer to Who am I?, RFC 4532, where the handler has none of its own. */
import { encodeText } from "../ber/text.ts";
import type { ExtendedRequest } from "../message/message.ts";
import { ResultCode } from "../result-code.ts";
import type { ExtendedOperation } from "./handler.ts";
import { anonymous } from "./session.ts";

export function whoAmI<State>(_request: ExtendedRequest, operation: ExtendedOperation<State>): void {
  const { authorization } = operation.session;
  const authzId = authorization === anonymous ? "" : `dn:${authorization.dn}`;
  operation.end({ resultCode: ResultCode.success, responseValue: encodeText(authzId) });
}

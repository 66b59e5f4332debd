/** Cancel: end an operation and hear what became of it, which Abandon does not tell. RFC 3909. */
import { SEQUENCE } from "../ber/tag.ts";
import { encodeBer } from "../ber/writer.ts";
import type { ExtendedRequest } from "../message/message.ts";
import { Oid } from "../oid.ts";
import { checkName, readExtendedValue } from "./extended-value.ts";

/**
 * Cancels the operation sent with `messageId`, which then ends with canceled (118). The answer to Cancel itself is success,
 * noSuchOperation (119), tooLate (120) or cannotCancel (121): bind, unbind, StartTLS, abandon and cancel cannot be (§2.2).
 * cancelRequestValue ::= SEQUENCE { cancelID MessageID }
 */
export function cancelRequest(messageId: number): ExtendedRequest {
  const requestValue = encodeBer((writer) => {
    const start = writer.begin(SEQUENCE);
    writer.writeInteger(messageId);
    writer.end(start);
  });
  return { type: "extendedRequest", requestName: Oid.cancel, requestValue };
}

/** The message id of the operation to cancel. @throws ParseError `ERR_MESSAGE`: answer protocolError. */
export function decodeCancelRequest({ requestName, requestValue }: ExtendedRequest): number {
  checkName(requestName, Oid.cancel, "Cancel request");
  return readExtendedValue(requestValue, "Cancel request", (reader) => {
    const outer = reader.enter(SEQUENCE);
    const messageId = reader.readInteger();
    reader.leave(outer);
    return messageId;
  });
}

/** Notice of disconnection: the unsolicited notification before a server closes. RFC 4511 §4.4.1. */
import type { ExtendedResponse, LdapMessage } from "../message/message.ts";
import { Oid } from "../oid.ts";

/**
 * `resultCode`: protocolError for bytes that are not LDAP, strongerAuthRequired for a security association that no longer
 * holds, unavailable for a server that stops; other codes are allowed. The connection closes right after it.
 */
export function noticeOfDisconnection(resultCode: number, diagnosticMessage: string): LdapMessage<ExtendedResponse> {
  return {
    messageId: 0,
    protocolOp: {
      type: "extendedResponse",
      resultCode,
      matchedDn: "",
      diagnosticMessage,
      referral: [],
      responseName: Oid.noticeOfDisconnection,
      responseValue: undefined,
    },
    controls: [],
  };
}

/** Whether the server says that it closes: nothing outstanding will be answered. */
export function isNoticeOfDisconnection(message: LdapMessage): message is LdapMessage<ExtendedResponse> {
  const { messageId, protocolOp } = message;
  return (
    messageId === 0 && protocolOp.type === "extendedResponse" && protocolOp.responseName === Oid.noticeOfDisconnection
  );
}

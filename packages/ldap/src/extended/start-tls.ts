/** StartTLS: TLS on a connection that began in clear text. RFC 4511 §4.14. */
import type { ExtendedRequest, ExtendedResponse, LdapResult } from "../message/message.ts";
import { Oid } from "../oid.ts";

/**
 * Has no value. The client sends nothing more until the response came; after success both sides start TLS at once. Bytes
 * that a peer sent in clear text behind its request or response must never be read as LDAP.
 */
export const startTlsRequest: ExtendedRequest = Object.freeze({
  type: "extendedRequest",
  requestName: Oid.startTls,
  requestValue: undefined,
});

/** success; operationsError when TLS is on already; protocolError when not supported; unavailable (§4.14.2, §4.14.3). */
export function startTlsResponse(result: LdapResult): ExtendedResponse {
  return { type: "extendedResponse", ...result, responseName: Oid.startTls, responseValue: undefined };
}

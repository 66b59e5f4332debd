/** Password Modify on a shared connection: without a userIdentity it would change the proxy's own password. RFC 3062 §2. */
import { decodeMessage, decodePasswordModifyRequest, encodeMessage, Oid, passwordModifyRequest } from "@espalier/ldap";
import type { Frame } from "../frame/frame.ts";
import { readFrame } from "../frame/read-frame.ts";
import type { ClientAuthorization } from "./identity/client-authorization.ts";

/**
 * The request with the client's own name in it, where it says none and the connection would not say the client's.
 *
 * @throws ParseError for a value that cannot be read.
 */
export function passwordModifyAs(
  { authzId = "" }: ClientAuthorization,
  frame: Frame,
  requestValue: Uint8Array | undefined,
): Frame {
  if (authzId === "") return frame;
  const change = decodePasswordModifyRequest({
    type: "extendedRequest",
    requestName: Oid.passwordModify,
    requestValue,
  });
  // Also an empty one: OpenLDAP takes it for none.
  if (change.userIdentity !== undefined && change.userIdentity !== "") return frame;
  const userIdentity = authzId.startsWith("dn:") ? authzId.slice("dn:".length) : authzId;
  const { messageId, controls } = decodeMessage(frame.bytes, frame.start, frame.end);
  const protocolOp = passwordModifyRequest({ ...change, userIdentity });
  const bytes = encodeMessage({ messageId, protocolOp, controls });
  return readFrame(bytes, 0, bytes.length);
}

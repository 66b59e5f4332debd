/** Proxied authorization: this one request as somebody else. RFC 4370. */
import { encodeText } from "../ber/text.ts";
import { ParseError } from "../error.ts";
import type { Control } from "../message/message.ts";
import { Oid } from "../oid.ts";
import { checkControlType, readControlValue } from "./control-value.ts";

/**
 * The value is the authzId itself, with no BER around it: `dn:` and a DN, `u:` and a user name (RFC 4513 §5.2.1.8), or
 * empty for anonymous. Always critical. A server that does not allow it answers authorizationDenied (123).
 */
export function proxiedAuthorizationControl(authzId: string): Control {
  return { controlType: Oid.proxiedAuthorization, criticality: true, controlValue: encodeText(authzId) };
}

/**
 * The authzId.
 *
 * @throws ParseError `ERR_CONTROL`, also when the control is not critical: §3 has servers refuse that with protocolError.
 */
export function decodeProxiedAuthorization(control: Control): string {
  checkControlType(control, Oid.proxiedAuthorization);
  if (!control.criticality) {
    throw new ParseError("ERR_CONTROL", "Proxied authorization has to be critical; send it with criticality TRUE");
  }
  return readControlValue(control, Oid.proxiedAuthorization, (reader) => reader.readRemainingText());
}

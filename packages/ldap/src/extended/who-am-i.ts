/** Who am I?: the authorization identity of the connection. RFC 4532. */
import { encodeText } from "../ber/text.ts";
import type { ExtendedRequest, ExtendedResponse, LdapResult } from "../message/message.ts";
import { Oid } from "../oid.ts";
import { readExtendedValue } from "./extended-value.ts";

/** Has no value. */
export const whoAmIRequest: ExtendedRequest = Object.freeze({
  type: "extendedRequest",
  requestName: Oid.whoAmI,
  requestValue: undefined,
});

/**
 * `authzId`: `dn:` and a DN, `u:` and a user name (RFC 4513 §5.2.1.8), or empty for anonymous. The value is the text itself,
 * with no BER around it; there is no responseName (§2.2).
 */
export function whoAmIResponse(result: LdapResult, authzId: string): ExtendedResponse {
  return { type: "extendedResponse", ...result, responseName: undefined, responseValue: encodeText(authzId) };
}

/** The authzId of a successful response. @throws ParseError `ERR_MESSAGE`. */
export function decodeWhoAmIResponse({ responseValue }: ExtendedResponse): string {
  return readExtendedValue(responseValue, "Who am I? response", (reader) => reader.readRemainingText());
}

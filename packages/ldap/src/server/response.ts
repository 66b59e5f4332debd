/** Final responses: as data, and the one that nearly every operation ends with written without an object. RFC 4511 §4.1.9. */
import { OCTET_STRING, SEQUENCE } from "../ber/tag.ts";
import type { BerWriter } from "../ber/writer.ts";
import type { ResponseOp } from "../message/message.ts";
import type { FinalResponseType } from "../message/op-tag.ts";
import type { BindResult, ExtendedResult } from "./handler.ts";

export type AnyResult = BindResult & ExtendedResult;

export function responseOf(type: FinalResponseType, result: AnyResult): ResponseOp {
  const { resultCode, matchedDn = "", diagnosticMessage = "", referral = [] } = result;
  const ldapResult = { resultCode, matchedDn, diagnosticMessage, referral };
  switch (type) {
    case "bindResponse":
      return { type, ...ldapResult, serverSaslCreds: result.serverSaslCreds };
    case "extendedResponse":
      return { type, ...ldapResult, responseName: result.responseName, responseValue: result.responseValue };
    default:
      return { type, ...ldapResult };
  }
}

/** An LDAPMessage with an LDAPResult of RFC 4511 §4.1.9 whose texts are empty; `responseTag` is that of the protocolOp. */
export function writeResultCode(writer: BerWriter, messageId: number, responseTag: number, resultCode: number): void {
  const opBytes = integerBytes(resultCode) + 4;
  writer.writeHeader(SEQUENCE, integerBytes(messageId) + 2 + opBytes);
  writer.writeInteger(messageId);
  writer.writeHeader(responseTag, opBytes);
  writer.writeEnumerated(resultCode);
  writer.writeHeader(OCTET_STRING, 0);
  writer.writeHeader(OCTET_STRING, 0);
}

/** Of an INTEGER or ENUMERATED with its header. */
function integerBytes(value: number): number {
  return value < 0x80 ? 3 : value < 0x8000 ? 4 : value < 0x800000 ? 5 : 6;
}

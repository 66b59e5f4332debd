/** Messages that the proxy itself sends: its answers to clients, its requests to backends. RFC 4511 §4.1.1. */
import { type Control, encodeMessage, type RequestOp, type ResponseOp } from "@espalier/ldap";

const noControls: readonly Control[] = [];

export function encodeResponse(messageId: number, op: ResponseOp, controls = noControls): Uint8Array {
  return encodeMessage({ messageId, protocolOp: op, controls });
}

export function encodeRequest(messageId: number, op: RequestOp, controls = noControls): Uint8Array {
  return encodeMessage({ messageId, protocolOp: op, controls });
}

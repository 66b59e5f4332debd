/** The tags of protocolOp, and which response answers which request. RFC 4511 §4.2 to §4.13, appendix B. */
import type { ProtocolOp } from "./message.ts";

export type OpType = ProtocolOp["type"];

/** The identifier octet of each protocolOp. */
export const OpTag = {
  bindRequest: 0x60,
  bindResponse: 0x61,
  unbindRequest: 0x42,
  searchRequest: 0x63,
  searchResultEntry: 0x64,
  searchResultDone: 0x65,
  modifyRequest: 0x66,
  modifyResponse: 0x67,
  addRequest: 0x68,
  addResponse: 0x69,
  delRequest: 0x4a,
  delResponse: 0x6b,
  modifyDnRequest: 0x6c,
  modifyDnResponse: 0x6d,
  compareRequest: 0x6e,
  compareResponse: 0x6f,
  abandonRequest: 0x50,
  searchResultReference: 0x73,
  extendedRequest: 0x77,
  extendedResponse: 0x78,
  intermediateResponse: 0x79,
} as const satisfies Record<OpType, number>;

/** The operations that end with a response, and the type of that response. Unbind and abandon have none. */
export const finalResponseTypes = {
  bindRequest: "bindResponse",
  searchRequest: "searchResultDone",
  modifyRequest: "modifyResponse",
  addRequest: "addResponse",
  delRequest: "delResponse",
  modifyDnRequest: "modifyDnResponse",
  compareRequest: "compareResponse",
  extendedRequest: "extendedResponse",
} as const satisfies Partial<Record<OpType, OpType>>;

/** The response types that end an operation. */
export type FinalResponseType = (typeof finalResponseTypes)[keyof typeof finalResponseTypes];

const types = new Map<number, OpType>(
  Object.entries(OpTag).map(([type, tag]): [number, OpType] => [tag, type as OpType]),
);

/** The protocolOp that a tag stands for, or `undefined` for a tag that RFC 4511 does not have. */
export function opTypeOf(tag: number): OpType | undefined {
  return types.get(tag);
}

/** The response that must answer a request with this tag; `undefined` for a response, unbind, abandon or an unknown tag. */
export function finalResponseTypeOf(tag: number): FinalResponseType | undefined {
  const type = types.get(tag);
  return type !== undefined && Object.hasOwn(finalResponseTypes, type)
    ? finalResponseTypes[type as keyof typeof finalResponseTypes]
    : undefined;
}

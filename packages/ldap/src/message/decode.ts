/** LDAPMessage from bytes: the envelope, and which function reads which protocolOp. RFC 4511 §4.1.1. */
import { BerReader } from "../ber/reader.ts";
import { SEQUENCE, tagText } from "../ber/tag.ts";
import { ParseError } from "../error.ts";
import { CONTROLS, noControls, readControls } from "./control.ts";
import {
  readAbandonRequest,
  readAddRequest,
  readBindRequest,
  readCompareRequest,
  readDelRequest,
  readExtendedRequest,
  readModifyDnRequest,
  readModifyRequest,
  readSearchRequest,
  readUnbindRequest,
} from "./decode-request.ts";
import {
  readAddResponse,
  readBindResponse,
  readCompareResponse,
  readDelResponse,
  readExtendedResponse,
  readIntermediateResponse,
  readModifyDnResponse,
  readModifyResponse,
  readSearchResultDone,
  readSearchResultEntry,
  readSearchResultReference,
} from "./decode-response.ts";
import { type DecodeLimits, defaultDecodeLimits } from "./filter-codec.ts";
import type { LdapMessage, ProtocolOp } from "./message.ts";
import { OpTag } from "./op-tag.ts";

/**
 * A message whose envelope could be read and whose protocolOp or controls could not: a server can still answer it with
 * protocolError under its `messageId`, in the response that `finalResponseTypeOf(opTag)` names. RFC 4511 §4.1.1, §5.3.
 */
export class MessageParseError extends ParseError {
  readonly messageId: number;
  /** The tag of the protocolOp, one of `OpTag`. */
  readonly opTag: number;
  constructor(cause: ParseError, messageId: number, opTag: number) {
    super(cause.code, cause.message, { ...(cause.offset === undefined ? {} : { offset: cause.offset }), cause });
    this.messageId = messageId;
    this.opTag = opTag;
  }
}

/**
 * Decodes the one whole LDAPMessage in `bytes[start, end)`; `messageLength` says where it ends.
 *
 * Octet strings in the result (values, passwords, control values) are views into `bytes`: copy what must outlive the
 * buffer. Nothing is allocated for a length that is declared but not there.
 *
 * @throws MessageParseError when messageId and protocolOp's tag are fine and the rest is not.
 * @throws ParseError for everything else: the peer does not speak LDAP, and the connection is to be closed, by a server
 *   after a notice of disconnection.
 */
export function decodeMessage(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  limits: DecodeLimits = defaultDecodeLimits,
): LdapMessage {
  const reader = new BerReader(bytes, start, end);
  const outer = reader.enter(SEQUENCE);
  if (reader.end !== outer) {
    throw new ParseError("ERR_MESSAGE", `The message ends ${outer - reader.end} bytes before the bytes given`, {
      offset: reader.end,
    });
  }
  const messageId = reader.readInteger();
  const opTag = reader.peek();
  let protocolOp: ProtocolOp | undefined;
  let controls = noControls;
  try {
    protocolOp = readProtocolOp(reader, opTag, limits);
    if (protocolOp !== undefined) {
      if (reader.peek() === CONTROLS) controls = readControls(reader);
      reader.leave(outer);
    }
  } catch (error) {
    throw error instanceof ParseError ? new MessageParseError(error, messageId, opTag) : error;
  }
  if (protocolOp === undefined) {
    throw new ParseError(
      "ERR_MESSAGE",
      opTag < 0 ? "The message has no protocolOp" : `${tagText(opTag)} is not the tag of an LDAP operation`,
      { offset: reader.offset },
    );
  }
  return { messageId, protocolOp, controls };
}

function readProtocolOp(reader: BerReader, opTag: number, limits: DecodeLimits): ProtocolOp | undefined {
  switch (opTag) {
    case OpTag.searchRequest:
      return readSearchRequest(reader, limits);
    case OpTag.bindRequest:
      return readBindRequest(reader);
    case OpTag.unbindRequest:
      return readUnbindRequest(reader);
    case OpTag.modifyRequest:
      return readModifyRequest(reader);
    case OpTag.addRequest:
      return readAddRequest(reader);
    case OpTag.delRequest:
      return readDelRequest(reader);
    case OpTag.modifyDnRequest:
      return readModifyDnRequest(reader);
    case OpTag.compareRequest:
      return readCompareRequest(reader);
    case OpTag.abandonRequest:
      return readAbandonRequest(reader);
    case OpTag.extendedRequest:
      return readExtendedRequest(reader);
    case OpTag.searchResultEntry:
      return readSearchResultEntry(reader);
    case OpTag.searchResultDone:
      return readSearchResultDone(reader);
    case OpTag.searchResultReference:
      return readSearchResultReference(reader);
    case OpTag.bindResponse:
      return readBindResponse(reader);
    case OpTag.modifyResponse:
      return readModifyResponse(reader);
    case OpTag.addResponse:
      return readAddResponse(reader);
    case OpTag.delResponse:
      return readDelResponse(reader);
    case OpTag.modifyDnResponse:
      return readModifyDnResponse(reader);
    case OpTag.compareResponse:
      return readCompareResponse(reader);
    case OpTag.extendedResponse:
      return readExtendedResponse(reader);
    case OpTag.intermediateResponse:
      return readIntermediateResponse(reader);
    default:
      return undefined;
  }
}

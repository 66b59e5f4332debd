/** Responses from bytes. RFC 4511 §4.2.2 to §4.13; the reader stands at the protocolOp. */
import type { BerReader } from "../ber/reader.ts";
import { CONTEXT } from "../ber/tag.ts";
import { readAttributeList } from "./attribute.ts";
import type {
  AddResponse,
  BindResponse,
  CompareResponse,
  DelResponse,
  ExtendedResponse,
  IntermediateResponse,
  LdapResult,
  ModifyDnResponse,
  ModifyResponse,
  SearchResultDone,
  SearchResultEntry,
  SearchResultReference,
} from "./message.ts";
import { OpTag } from "./op-tag.ts";
import { readResult, readTexts } from "./result.ts";

const SERVER_SASL_CREDS = CONTEXT | 7;
const RESPONSE_NAME = CONTEXT | 10;
const RESPONSE_VALUE = CONTEXT | 11;
const INTERMEDIATE_NAME = CONTEXT | 0;
const INTERMEDIATE_VALUE = CONTEXT | 1;

/** RFC 4511 §4.2.2: LDAPResult, serverSaslCreds [7] OCTET STRING OPTIONAL */
export function readBindResponse(reader: BerReader): BindResponse {
  const outer = reader.enter(OpTag.bindResponse);
  const result = readResult(reader);
  const serverSaslCreds = reader.peek() === SERVER_SASL_CREDS ? reader.readOctets(SERVER_SASL_CREDS) : undefined;
  reader.leave(outer);
  return { type: "bindResponse", ...result, serverSaslCreds };
}

/** RFC 4511 §4.5.2: SEQUENCE { objectName LDAPDN, attributes PartialAttributeList } */
export function readSearchResultEntry(reader: BerReader): SearchResultEntry {
  const outer = reader.enter(OpTag.searchResultEntry);
  const objectName = reader.readText();
  const attributes = readAttributeList(reader);
  reader.leave(outer);
  return { type: "searchResultEntry", objectName, attributes };
}

/** RFC 4511 §4.5.3: SEQUENCE SIZE (1..MAX) OF uri URI */
export function readSearchResultReference(reader: BerReader): SearchResultReference {
  return { type: "searchResultReference", uris: readTexts(reader, OpTag.searchResultReference) };
}

export function readSearchResultDone(reader: BerReader): SearchResultDone {
  return { type: "searchResultDone", ...readPlainResult(reader, OpTag.searchResultDone) };
}

export function readModifyResponse(reader: BerReader): ModifyResponse {
  return { type: "modifyResponse", ...readPlainResult(reader, OpTag.modifyResponse) };
}

export function readAddResponse(reader: BerReader): AddResponse {
  return { type: "addResponse", ...readPlainResult(reader, OpTag.addResponse) };
}

export function readDelResponse(reader: BerReader): DelResponse {
  return { type: "delResponse", ...readPlainResult(reader, OpTag.delResponse) };
}

export function readModifyDnResponse(reader: BerReader): ModifyDnResponse {
  return { type: "modifyDnResponse", ...readPlainResult(reader, OpTag.modifyDnResponse) };
}

export function readCompareResponse(reader: BerReader): CompareResponse {
  return { type: "compareResponse", ...readPlainResult(reader, OpTag.compareResponse) };
}

/** RFC 4511 §4.12: LDAPResult, responseName [10] LDAPOID OPTIONAL, responseValue [11] OCTET STRING OPTIONAL */
export function readExtendedResponse(reader: BerReader): ExtendedResponse {
  const outer = reader.enter(OpTag.extendedResponse);
  const result = readResult(reader);
  const responseName = reader.peek() === RESPONSE_NAME ? reader.readName(RESPONSE_NAME) : undefined;
  const responseValue = reader.peek() === RESPONSE_VALUE ? reader.readOctets(RESPONSE_VALUE) : undefined;
  reader.leave(outer);
  return { type: "extendedResponse", ...result, responseName, responseValue };
}

/** RFC 4511 §4.13: SEQUENCE { responseName [0] LDAPOID OPTIONAL, responseValue [1] OCTET STRING OPTIONAL } */
export function readIntermediateResponse(reader: BerReader): IntermediateResponse {
  const outer = reader.enter(OpTag.intermediateResponse);
  const responseName = reader.peek() === INTERMEDIATE_NAME ? reader.readName(INTERMEDIATE_NAME) : undefined;
  const responseValue = reader.peek() === INTERMEDIATE_VALUE ? reader.readOctets(INTERMEDIATE_VALUE) : undefined;
  reader.leave(outer);
  return { type: "intermediateResponse", responseName, responseValue };
}

function readPlainResult(reader: BerReader, tag: number): LdapResult {
  const outer = reader.enter(tag);
  const result = readResult(reader);
  reader.leave(outer);
  return result;
}

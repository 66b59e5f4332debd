/** Requests from bytes. RFC 4511 §4.2 to §4.12; the reader stands at the protocolOp. */
import type { BerReader } from "../ber/reader.ts";
import { CONTEXT, CONTEXT_CONSTRUCTED, OCTET_STRING, SEQUENCE, tagText } from "../ber/tag.ts";
import { ParseError } from "../error.ts";
import { readAttributeList, readPartialAttribute } from "./attribute.ts";
import { changeOperations, derefAliasesValues, searchScopes } from "./enumeration.ts";
import { type DecodeLimits, readFilter } from "./filter-codec.ts";
import type {
  AbandonRequest,
  AddRequest,
  Authentication,
  BindRequest,
  Change,
  CompareRequest,
  DelRequest,
  ExtendedRequest,
  ModifyDnRequest,
  ModifyRequest,
  SearchRequest,
  UnbindRequest,
} from "./message.ts";
import { OpTag } from "./op-tag.ts";

const SIMPLE = CONTEXT | 0;
const SASL = CONTEXT_CONSTRUCTED | 3;
const NEW_SUPERIOR = CONTEXT | 0;
const REQUEST_NAME = CONTEXT | 0;
const REQUEST_VALUE = CONTEXT | 1;

/** RFC 4511 §4.2: SEQUENCE { version INTEGER (1 .. 127), name LDAPDN, authentication AuthenticationChoice } */
export function readBindRequest(reader: BerReader): BindRequest {
  const outer = reader.enter(OpTag.bindRequest);
  const version = reader.readInteger();
  const name = reader.readText();
  const authentication = readAuthentication(reader);
  reader.leave(outer);
  return { type: "bindRequest", version, name, authentication };
}

function readAuthentication(reader: BerReader): Authentication {
  const tag = reader.peek();
  if (tag === SIMPLE) return { type: "simple", password: reader.readOctets(SIMPLE) };
  if (tag === SASL) {
    const outer = reader.enter(SASL);
    const mechanism = reader.readText();
    const credentials = reader.peek() === OCTET_STRING ? reader.readOctets() : undefined;
    reader.leave(outer);
    return { type: "sasl", mechanism, credentials };
  }
  throw new ParseError(
    "ERR_BER_TAG",
    tag < 0
      ? "The bind request has no authentication"
      : `${tagText(tag)} is neither simple (0x80) nor sasl (0xa3), the two kinds of authentication`,
    { offset: reader.offset },
  );
}

/** RFC 4511 §4.3: NULL */
export function readUnbindRequest(reader: BerReader): UnbindRequest {
  reader.readNull(OpTag.unbindRequest);
  return { type: "unbindRequest" };
}

/** RFC 4511 §4.5.1. */
export function readSearchRequest(reader: BerReader, limits: DecodeLimits): SearchRequest {
  const outer = reader.enter(OpTag.searchRequest);
  const baseObject = reader.readName();
  const scope = readValueOf(reader, "scope", searchScopes);
  const derefAliases = readValueOf(reader, "derefAliases", derefAliasesValues);
  const sizeLimit = reader.readInteger();
  const timeLimit = reader.readInteger();
  const typesOnly = reader.readBoolean();
  const filter = readFilter(reader, limits);
  const attributes: string[] = [];
  const outerAttributes = reader.enter(SEQUENCE);
  while (reader.more) attributes.push(reader.readName());
  reader.leave(outerAttributes);
  reader.leave(outer);
  return {
    type: "searchRequest",
    baseObject,
    scope,
    derefAliases,
    sizeLimit,
    timeLimit,
    typesOnly,
    filter,
    attributes,
  };
}

/** RFC 4511 §4.6: SEQUENCE { object LDAPDN, changes SEQUENCE OF change SEQUENCE { operation, modification } } */
export function readModifyRequest(reader: BerReader): ModifyRequest {
  const outer = reader.enter(OpTag.modifyRequest);
  const object = reader.readText();
  const changes: Change[] = [];
  const outerChanges = reader.enter(SEQUENCE);
  while (reader.more) {
    const outerChange = reader.enter(SEQUENCE);
    const operation = readValueOf(reader, "operation", changeOperations);
    const modification = readPartialAttribute(reader);
    reader.leave(outerChange);
    changes.push({ operation, modification });
  }
  reader.leave(outerChanges);
  reader.leave(outer);
  return { type: "modifyRequest", object, changes };
}

/** RFC 4511 §4.7: SEQUENCE { entry LDAPDN, attributes AttributeList } */
export function readAddRequest(reader: BerReader): AddRequest {
  const outer = reader.enter(OpTag.addRequest);
  const entry = reader.readText();
  const attributes = readAttributeList(reader);
  reader.leave(outer);
  return { type: "addRequest", entry, attributes };
}

/** RFC 4511 §4.8: LDAPDN */
export function readDelRequest(reader: BerReader): DelRequest {
  return { type: "delRequest", entry: reader.readText(OpTag.delRequest) };
}

/** RFC 4511 §4.9: SEQUENCE { entry, newrdn, deleteoldrdn BOOLEAN, newSuperior [0] LDAPDN OPTIONAL } */
export function readModifyDnRequest(reader: BerReader): ModifyDnRequest {
  const outer = reader.enter(OpTag.modifyDnRequest);
  const entry = reader.readText();
  const newRdn = reader.readText();
  const deleteOldRdn = reader.readBoolean();
  const newSuperior = reader.peek() === NEW_SUPERIOR ? reader.readText(NEW_SUPERIOR) : undefined;
  reader.leave(outer);
  return { type: "modifyDnRequest", entry, newRdn, deleteOldRdn, newSuperior };
}

/** RFC 4511 §4.10: SEQUENCE { entry LDAPDN, ava AttributeValueAssertion } */
export function readCompareRequest(reader: BerReader): CompareRequest {
  const outer = reader.enter(OpTag.compareRequest);
  const entry = reader.readText();
  const outerAva = reader.enter(SEQUENCE);
  const attribute = reader.readName();
  const value = reader.readOctets();
  reader.leave(outerAva);
  reader.leave(outer);
  return { type: "compareRequest", entry, attribute, value };
}

/** RFC 4511 §4.11: MessageID */
export function readAbandonRequest(reader: BerReader): AbandonRequest {
  return { type: "abandonRequest", messageId: reader.readInteger(OpTag.abandonRequest) };
}

/** RFC 4511 §4.12: SEQUENCE { requestName [0] LDAPOID, requestValue [1] OCTET STRING OPTIONAL } */
export function readExtendedRequest(reader: BerReader): ExtendedRequest {
  const outer = reader.enter(OpTag.extendedRequest);
  const requestName = reader.readName(REQUEST_NAME);
  const requestValue = reader.peek() === REQUEST_VALUE ? reader.readOctets(REQUEST_VALUE) : undefined;
  reader.leave(outer);
  return { type: "extendedRequest", requestName, requestValue };
}

function readValueOf<Name extends string>(reader: BerReader, field: string, names: readonly Name[]): Name {
  const offset = reader.offset;
  const value = reader.readEnumerated();
  const name = names[value];
  if (name === undefined) {
    throw new ParseError("ERR_BER_VALUE", `${value} is not a value of ${field}; use 0 to ${names.length - 1}`, {
      offset,
    });
  }
  return name;
}

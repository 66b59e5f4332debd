/**
 * A message with its secrets overwritten: every length stays what it is, so that the copy is as good a message as the original.
 * Passwords and SASL credentials (RFC 4511 §4.2), those of Password Modify (RFC 3062), values of secret attributes wherever they
 * stand, and the values of extensions and controls that are not known to hold none.
 */
import { BerReader, BerTag, Oid, OpTag, ParseError } from "@espalier/ldap";
import type { Frame } from "../frame/frame.ts";
import { isSecretAttribute } from "./secret-attributes.ts";

/** `*` in ASCII. */
const filler = 0x2a;

const CONTROLS = BerTag.CONTEXT_CONSTRUCTED | 0;
const SIMPLE = BerTag.CONTEXT | 0;
const SASL = BerTag.CONTEXT_CONSTRUCTED | 3;
const SERVER_SASL_CREDS = BerTag.CONTEXT | 7;
const REFERRAL = BerTag.CONTEXT_CONSTRUCTED | 3;
const REQUEST_NAME = BerTag.CONTEXT | 0;
const REQUEST_VALUE = BerTag.CONTEXT | 1;
const RESPONSE_NAME = BerTag.CONTEXT | 10;
const USER_IDENTITY = BerTag.CONTEXT | 0;

/** The message alone, in an array of its own. One that cannot be read is overwritten from behind its protocolOp's tag and length. */
export function redactFrame(frame: Frame): Uint8Array {
  // Not `slice`: that of a Buffer is a view, and what is overwritten would be what goes to the backend.
  const copy = new Uint8Array(frame.bytes.subarray(frame.start, frame.end));
  const opStart = frame.opStart - frame.start;
  const opEnd = frame.opEnd - frame.start;
  const reader = new BerReader(copy, opStart, copy.length);
  try {
    redactOp(reader, frame.opTag, opEnd);
    reader.offset = opEnd;
    redactControls(reader);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    copy.fill(filler, contentsOf(copy, opStart), opEnd);
    copy.fill(filler, opEnd);
  }
  return copy;
}

function contentsOf(bytes: Uint8Array, at: number): number {
  const length = bytes[at + 1]!;
  return at + 2 + (length < 0x80 ? 0 : length & 0x7f);
}

function redactOp(reader: BerReader, opTag: number, opEnd: number): void {
  const { end } = reader;
  reader.end = opEnd;
  switch (opTag) {
    case OpTag.bindRequest:
      redactBind(reader);
      break;
    case OpTag.bindResponse:
      enterResult(reader, opTag);
      if (reader.peek() === SERVER_SASL_CREDS) overwrite(reader);
      break;
    case OpTag.searchRequest:
      reader.enter(opTag);
      // baseObject, scope, derefAliases, sizeLimit, timeLimit, typesOnly
      for (let field = 0; field < 6; field++) reader.skip();
      redactFilter(reader);
      break;
    case OpTag.searchResultEntry:
    case OpTag.addRequest:
      reader.enter(opTag);
      reader.skip();
      reader.enter(BerTag.SEQUENCE);
      while (reader.more) redactAttribute(reader);
      break;
    case OpTag.modifyRequest:
      redactModify(reader);
      break;
    case OpTag.compareRequest:
      reader.enter(opTag);
      reader.skip();
      reader.enter(BerTag.SEQUENCE);
      if (isSecretAttribute(reader.readName())) overwrite(reader);
      break;
    case OpTag.extendedRequest:
      redactExtendedRequest(reader);
      break;
    case OpTag.extendedResponse:
      redactExtendedResponse(reader);
      break;
    case OpTag.intermediateResponse: {
      reader.enter(opTag);
      const name = reader.peek() === REQUEST_NAME ? reader.readName(REQUEST_NAME) : undefined;
      if (name !== Oid.syncInfo && reader.more) overwrite(reader);
      break;
    }
    default:
      // Names and results: no secrets by their nature.
      break;
  }
  reader.end = end;
}

function redactBind(reader: BerReader): void {
  reader.enter(OpTag.bindRequest);
  reader.skip();
  reader.skip();
  if (reader.peek() === SASL) {
    reader.enter(SASL);
    reader.skip();
    if (reader.more) overwrite(reader);
  } else if (reader.peek() === SIMPLE) {
    overwrite(reader);
  } else {
    throw new ParseError("ERR_BER_TAG", "neither simple nor SASL authentication", { offset: reader.offset });
  }
}

/** Deeper than any server takes it: further down the stack would run out. */
const maxFilterDepth = 200;

/** A filter of any kind. RFC 4511 §4.5.1.7. */
function redactFilter(reader: BerReader, depth = 1): void {
  if (depth > maxFilterDepth) {
    throw new ParseError("ERR_FILTER_LIMIT", "The filter is nested too deep", { offset: reader.offset });
  }
  const tag = reader.peek();
  const choice = tag & 0x1f;
  if (choice === 7) {
    reader.skip();
    return;
  }
  const outer = reader.enter(tag);
  if (choice <= 2) {
    while (reader.more) redactFilter(reader, depth + 1);
  } else if (choice === 9) {
    redactExtensibleMatch(reader);
  } else if (isSecretAttribute(reader.readName())) {
    // The parts of substrings are in a list; as one piece that is overwritten it would no longer be one.
    const outerParts = choice === 4 ? reader.enter(BerTag.SEQUENCE) : reader.end;
    while (reader.more) overwrite(reader);
    reader.leave(outerParts);
  }
  reader.leave(outer);
}

/** matchingRule [1], type [2], matchValue [3], dnAttributes [4]: without a type it is matched against all attributes. */
function redactExtensibleMatch(reader: BerReader): void {
  let isSecret = true;
  while (reader.more) {
    const tag = reader.peek();
    if (tag === (BerTag.CONTEXT | 2)) isSecret = isSecretAttribute(reader.readName(tag));
    else if (tag === (BerTag.CONTEXT | 3) && isSecret) overwrite(reader);
    else reader.skip();
  }
}

/** PartialAttribute. */
function redactAttribute(reader: BerReader): void {
  const outer = reader.enter(BerTag.SEQUENCE);
  if (isSecretAttribute(reader.readName())) {
    const outerValues = reader.enter(BerTag.SET);
    while (reader.more) overwrite(reader);
    reader.leave(outerValues);
  }
  reader.leave(outer);
}

function redactModify(reader: BerReader): void {
  reader.enter(OpTag.modifyRequest);
  reader.skip();
  reader.enter(BerTag.SEQUENCE);
  while (reader.more) {
    const outer = reader.enter(BerTag.SEQUENCE);
    reader.skip();
    redactAttribute(reader);
    reader.leave(outer);
  }
}

/** Extended operations whose values name what they are about and no more. */
const openRequests: ReadonlySet<string> = new Set([Oid.startTls, Oid.whoAmI, Oid.cancel]);

function redactExtendedRequest(reader: BerReader): void {
  reader.enter(OpTag.extendedRequest);
  const name = reader.readName(REQUEST_NAME);
  if (!reader.more || openRequests.has(name)) return;
  if (name !== Oid.passwordModify) {
    overwrite(reader);
    return;
  }
  reader.enter(REQUEST_VALUE);
  if (!reader.more) return;
  reader.enter(BerTag.SEQUENCE);
  while (reader.more) {
    if (reader.peek() === USER_IDENTITY) reader.skip();
    else overwrite(reader);
  }
}

/** A response need not have a name: what cannot be told from Password Modify's generated password is overwritten with it. */
function redactExtendedResponse(reader: BerReader): void {
  enterResult(reader, OpTag.extendedResponse);
  while (reader.more) {
    if (reader.peek() === RESPONSE_NAME) reader.skip();
    else overwrite(reader);
  }
}

/** Enters a response and goes past its LDAPResult. */
function enterResult(reader: BerReader, opTag: number): void {
  reader.enter(opTag);
  for (let field = 0; field < 3; field++) reader.skip();
  if (reader.peek() === REFERRAL) reader.skip();
}

/** Controls whose values hold no attribute values: sizes, cookies, names and codes. */
const openControls: ReadonlySet<string> = new Set([
  Oid.pagedResults,
  Oid.serverSideSortRequest,
  Oid.serverSideSortResponse,
  Oid.virtualListViewResponse,
  Oid.proxiedAuthorization,
  Oid.passwordPolicy,
  Oid.subentries,
  Oid.syncRequest,
  Oid.syncState,
  Oid.syncDone,
]);

/** And what is behind them, which nobody knows. */
function redactControls(reader: BerReader): void {
  if (reader.peek() !== CONTROLS) {
    reader.bytes.fill(filler, reader.offset);
    return;
  }
  const outer = reader.enter(CONTROLS);
  while (reader.more) {
    const outerControl = reader.enter(BerTag.SEQUENCE);
    if (!openControls.has(reader.readName())) {
      if (reader.peek() === BerTag.BOOLEAN) reader.skip();
      while (reader.more) overwrite(reader);
    }
    reader.leave(outerControl);
  }
  reader.end = outer;
  reader.bytes.fill(filler, reader.offset);
}

/** Overwrites the contents of the next element, whatever it is. */
function overwrite(reader: BerReader): void {
  const { offset, bytes } = reader;
  reader.skip();
  bytes.fill(filler, contentsOf(bytes, offset), reader.offset);
}

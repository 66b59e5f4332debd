/** The few fields of a protocolOp that a decision needs, read where they stand. RFC 4511 §4.2 to §4.12. */
import { BerReader, BerTag, OpTag, ParseError, type SearchScope } from "@espalier/ldap";
import type { Frame } from "./frame.ts";

const SIMPLE = BerTag.CONTEXT | 0;
const SASL = BerTag.CONTEXT_CONSTRUCTED | 3;
const REQUEST_NAME = BerTag.CONTEXT | 0;
const REQUEST_VALUE = BerTag.CONTEXT | 1;
const scopes: readonly SearchScope[] = ["baseObject", "singleLevel", "wholeSubtree"];

/** RFC 4511 §4.2. */
export interface BindPeek {
  readonly version: number;
  /** Mostly a DN; servers that know other names take those too. */
  readonly name: string;
  readonly method: "simple" | "sasl";
  /** Of `sasl`. */
  readonly mechanism: string | undefined;
  /** Of `simple`: a view into `frame.bytes`. */
  readonly password: Uint8Array | undefined;
  /** With a name it is the unauthenticated bind of RFC 4513 §5.1.2, without one the anonymous bind of §5.1.1. */
  readonly isEmptyPassword: boolean;
}

/** @throws ParseError also for a kind of authentication other than the two. */
export function peekBind(frame: Frame): BindPeek {
  const reader = enterOp(frame, OpTag.bindRequest);
  const version = reader.readInteger();
  const name = reader.readName();
  const tag = reader.peek();
  if (tag === SIMPLE) {
    const password = reader.readOctets(SIMPLE);
    return { version, name, method: "simple", mechanism: undefined, password, isEmptyPassword: password.length === 0 };
  }
  if (tag !== SASL) {
    throw new ParseError("ERR_BER_TAG", "The bind request has neither simple nor SASL authentication", {
      offset: reader.offset,
    });
  }
  reader.enter(SASL);
  return {
    version,
    name,
    method: "sasl",
    mechanism: reader.readName(),
    password: undefined,
    isEmptyPassword: false,
  };
}

/** The fields of a search request in front of its filter. RFC 4511 §4.5.1. */
export interface SearchPeek {
  readonly baseObject: string;
  readonly scope: SearchScope;
  /** 0 is no limit. */
  readonly sizeLimit: number;
  /** In seconds; 0 is no limit. */
  readonly timeLimit: number;
  readonly typesOnly: boolean;
  /** Where the filter begins in `frame.bytes`; `opEnd` bounds it. */
  readonly filterStart: number;
}

/** @throws ParseError also for a scope that RFC 4511 does not have. */
export function peekSearch(frame: Frame): SearchPeek {
  const reader = enterOp(frame, OpTag.searchRequest);
  const baseObject = reader.readName();
  const scopeAt = reader.offset;
  const scope = scopes[reader.readEnumerated()];
  if (scope === undefined) {
    throw new ParseError("ERR_BER_VALUE", "The scope of a search is from 0 to 2", { offset: scopeAt });
  }
  reader.skip();
  const sizeLimit = reader.readInteger();
  const timeLimit = reader.readInteger();
  const typesOnly = reader.readBoolean();
  return { baseObject, scope, sizeLimit, timeLimit, typesOnly, filterStart: reader.offset };
}

const SUBSTRINGS = BerTag.CONTEXT_CONSTRUCTED | 4;

/** Whether a substrings filter can be in a search request: false only where the octet of its tag is nowhere in it. */
export function mayHaveSubstrings({ bytes, opStart, opEnd }: Frame): boolean {
  for (let at = opStart; at < opEnd; at++) if (bytes[at] === SUBSTRINGS) return true;
  return false;
}

/**
 * The name of the entry that a request is about: the base of a search, the name of a bind, the entry of the others as the
 * client spelt it; `undefined` for requests that name none.
 *
 * @throws ParseError
 */
export function peekTarget(frame: Frame): string | undefined {
  switch (frame.opTag) {
    case OpTag.searchRequest:
    case OpTag.modifyRequest:
    case OpTag.addRequest:
    case OpTag.modifyDnRequest:
    case OpTag.compareRequest:
      return enterOp(frame, frame.opTag).readName();
    case OpTag.delRequest:
      return opReader(frame).readName(OpTag.delRequest);
    case OpTag.bindRequest: {
      const reader = enterOp(frame, OpTag.bindRequest);
      reader.skip();
      return reader.readName();
    }
    default:
      return undefined;
  }
}

/** RFC 4511 §4.12. */
export interface ExtendedRequestPeek {
  /** The OID. */
  readonly requestName: string;
  /** A view into `frame.bytes`. */
  readonly requestValue: Uint8Array | undefined;
}

/** @throws ParseError */
export function peekExtendedRequest(frame: Frame): ExtendedRequestPeek {
  const reader = enterOp(frame, OpTag.extendedRequest);
  const requestName = reader.readName(REQUEST_NAME);
  const requestValue = reader.peek() === REQUEST_VALUE ? reader.readOctets(REQUEST_VALUE) : undefined;
  return { requestName, requestValue };
}

/** The message id that an abandon request names. RFC 4511 §4.11. @throws ParseError */
export function peekAbandonedId(frame: Frame): number {
  return opReader(frame).readInteger(OpTag.abandonRequest);
}

/** RFC 4511 §4.1.9, without the referral. */
export interface ResultPeek {
  readonly resultCode: number;
  readonly matchedDn: string;
  readonly diagnosticMessage: string;
}

/** Of a response that holds an LDAPResult: every one but entries, references and intermediate responses. @throws ParseError */
export function peekResult(frame: Frame): ResultPeek {
  const reader = enterOp(frame, frame.opTag);
  return {
    resultCode: reader.readEnumerated(),
    matchedDn: reader.readText(),
    diagnosticMessage: reader.readText(),
  };
}

/** As `peekResult`, the code alone: for the answers that nobody reads further. @throws ParseError */
export function peekResultCode(frame: Frame): number {
  return enterOp(frame, frame.opTag).readEnumerated();
}

function opReader(frame: Frame): BerReader {
  return new BerReader(frame.bytes, frame.opStart, frame.opEnd);
}

function enterOp(frame: Frame, tag: number): BerReader {
  const reader = opReader(frame);
  reader.enter(tag);
  return reader;
}

/** Pre-read and post-read: the target entry as it was before, or is after, the change. RFC 4527. */
import { SEQUENCE } from "../ber/tag.ts";
import { encodeBer } from "../ber/writer.ts";
import { readSearchResultEntry } from "../message/decode-response.ts";
import { encodeProtocolOp } from "../message/encode.ts";
import type { Control, SearchResultEntry } from "../message/message.ts";
import { readTexts, writeTexts } from "../message/result.ts";
import { Oid } from "../oid.ts";
import { readControlValue } from "./control-value.ts";

/**
 * For Modify, Delete and ModifyDN. AttributeSelection ::= SEQUENCE OF selector LDAPString, as in a search request:
 * none at all is all user attributes.
 */
export function preReadControl(attributes: readonly string[], criticality = false): Control {
  return requestControl(Oid.preRead, attributes, criticality);
}

/** For Add, Modify and ModifyDN. */
export function postReadControl(attributes: readonly string[], criticality = false): Control {
  return requestControl(Oid.postRead, attributes, criticality);
}

/** The answer to pre-read, with a successful response: SearchResultEntry, its tag [APPLICATION 4] included. */
export function preReadResponseControl(entry: SearchResultEntry): Control {
  return { controlType: Oid.preRead, criticality: false, controlValue: encodeProtocolOp(entry) };
}

/** The answer to post-read. */
export function postReadResponseControl(entry: SearchResultEntry): Control {
  return { controlType: Oid.postRead, criticality: false, controlValue: encodeProtocolOp(entry) };
}

/** The attribute selection of a pre-read request. @throws ParseError `ERR_CONTROL`. */
export function decodePreRead(control: Control): readonly string[] {
  return readControlValue(control, Oid.preRead, (reader) => readTexts(reader, SEQUENCE));
}

/** The attribute selection of a post-read request. @throws ParseError `ERR_CONTROL`. */
export function decodePostRead(control: Control): readonly string[] {
  return readControlValue(control, Oid.postRead, (reader) => readTexts(reader, SEQUENCE));
}

/** The entry of a pre-read response. @throws ParseError `ERR_CONTROL`. */
export function decodePreReadResponse(control: Control): SearchResultEntry {
  return readControlValue(control, Oid.preRead, readSearchResultEntry);
}

/** The entry of a post-read response. @throws ParseError `ERR_CONTROL`. */
export function decodePostReadResponse(control: Control): SearchResultEntry {
  return readControlValue(control, Oid.postRead, readSearchResultEntry);
}

function requestControl(controlType: string, attributes: readonly string[], criticality: boolean): Control {
  return { controlType, criticality, controlValue: encodeBer((writer) => writeTexts(writer, SEQUENCE, attributes)) };
}

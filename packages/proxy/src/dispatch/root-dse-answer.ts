/** A search of the root DSE, answered with what all backends offer. RFC 4511 §4.5.1; RFC 4512 §5.1; RFC 3673. */
import {
  builtInSchema,
  decodeMessage,
  matchesFilter,
  type PartialAttribute,
  ResultCode,
  type SearchRequest,
} from "@espalier/ldap";
import { attribute } from "@espalier/ldap/client";
import type { Frame } from "../frame/frame.ts";
import type { ClientRequest } from "./client-request.ts";
import { Refusals } from "./refusal.ts";

/** Whether the search's base is empty and its scope baseObject: the first two components of every search request. */
export function isRootDseSearch({ bytes, opStart, opEnd }: Frame): boolean {
  const lengthOctet = bytes[opStart + 1]!;
  const at = opStart + 2 + (lengthOctet < 0x80 ? 0 : lengthOctet & 0x7f);
  // 04 00: LDAPDN of no octets; 0A 01 00: baseObject.
  return at + 5 <= opEnd && bytes[at + 1] === 0 && bytes[at] === 0x04 && bytes[at + 2] === 0x0a && bytes[at + 4] === 0;
}

/** `attributes`: of the root DSE; `undefined` while nothing is known of any backend's. */
export function answerRootDse(request: ClientRequest, attributes: readonly PartialAttribute[] | undefined): void {
  const { bytes, start, end } = request.frame;
  const { protocolOp, controls } = decodeMessage(bytes, start, end);
  const search = protocolOp as SearchRequest;
  if (controls.some(({ criticality }) => criticality)) {
    request.refuse(Refusals.unknownCriticalControl);
    return;
  }
  if (attributes === undefined) {
    request.refuse(Refusals.unavailable);
    return;
  }
  // RFC 4512 §5.1: it is read with (objectClass=*), which Active Directory's has no value of.
  const matched = hasObjectClass(attributes) ? attributes : [...attributes, attribute("objectClass", "top")];
  if (matchesFilter(search.filter, { objectName: "", attributes: matched }, builtInSchema)) {
    request.entries = 1;
    request.send({ type: "searchResultEntry", objectName: "", attributes: selected(attributes, search) });
  }
  request.respond({ resultCode: ResultCode.success, text: "" });
  request.report(ResultCode.success, "");
}

function selected(attributes: readonly PartialAttribute[], search: SearchRequest): PartialAttribute[] {
  const { typesOnly } = search;
  const names = new Set(search.attributes.map((name) => keyOf(name)));
  const allUser = search.attributes.length === 0 || names.has("*");
  // Active Directory gives all of it to whoever asks for no attribute in particular.
  const allOperational = names.has("+") || (allUser && !hasObjectClass(attributes));
  return attributes
    .filter(({ type }) => names.has(keyOf(type)) || (isOperational(type) ? allOperational : allUser))
    .map(({ type, values }) => ({ type, values: typesOnly ? [] : values }));
}

function hasObjectClass(attributes: readonly PartialAttribute[]): boolean {
  return attributes.some(({ type }) => type.toLowerCase() === "objectclass");
}

function keyOf(type: string): string {
  return builtInSchema.attribute(type)?.key ?? type.toLowerCase();
}

function isOperational(type: string): boolean {
  return builtInSchema.attribute(type)?.isOperational ?? false;
}

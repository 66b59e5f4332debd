/** Virtual list view: a window into a sorted result, as a scroll bar needs it. draft-ietf-ldapext-ldapv3-vlv-09. */
import { CONTEXT, CONTEXT_CONSTRUCTED, OCTET_STRING, SEQUENCE, tagText } from "../ber/tag.ts";
import { encodeBer } from "../ber/writer.ts";
import { ParseError } from "../error.ts";
import type { Control } from "../message/message.ts";
import { Oid } from "../oid.ts";
import { readControlValue } from "./control-value.ts";

const BY_OFFSET = CONTEXT_CONSTRUCTED | 0;
const GREATER_THAN_OR_EQUAL = CONTEXT | 1;

/**
 * Where the window's target is. `byOffset`: the entry at `offset` of `contentCount`, both as the client believes the list to
 * be; the server scales when its own count differs, and `contentCount` 0 means the server's (§6.1). An `offset` of 0 is to
 * be answered with offsetRangeError. `greaterThanOrEqual`: the first entry whose first sort key is not less than `value`.
 */
export type VirtualListViewTarget =
  | { readonly type: "byOffset"; readonly offset: number; readonly contentCount: number }
  | { readonly type: "greaterThanOrEqual"; readonly value: Uint8Array };

/** `beforeCount` and `afterCount`: how many entries are wanted on each side of the target. Goes with a server-side sort. */
export interface VirtualListViewRequest {
  readonly beforeCount: number;
  readonly afterCount: number;
  readonly target: VirtualListViewTarget;
  /** The server's last one, to go on in the same list. */
  readonly contextId: Uint8Array | undefined;
}

/** `targetPosition` counts from 1; `contentCount` is the server's estimate of the list's length. */
export interface VirtualListViewResponse {
  readonly targetPosition: number;
  readonly contentCount: number;
  /** success, another code of RFC 4511, or one of `VirtualListViewResultCode`. */
  readonly resultCode: number;
  readonly contextId: Uint8Array | undefined;
}

/** The codes that §6.2 of the draft adds. */
export const VirtualListViewResultCode = {
  sortControlMissing: 60,
  offsetRangeError: 61,
} as const;

/**
 * VirtualListViewRequest ::= SEQUENCE { beforeCount, afterCount, target CHOICE { byOffset [0] SEQUENCE { offset,
 * contentCount }, greaterThanOrEqual [1] AssertionValue }, contextID OCTET STRING OPTIONAL }
 */
export function virtualListViewControl(request: VirtualListViewRequest, criticality = false): Control {
  const { beforeCount, afterCount, target, contextId } = request;
  const controlValue = encodeBer((writer) => {
    const start = writer.begin(SEQUENCE);
    writer.writeInteger(beforeCount);
    writer.writeInteger(afterCount);
    if (target.type === "byOffset") {
      const byOffset = writer.begin(BY_OFFSET);
      writer.writeInteger(target.offset);
      writer.writeInteger(target.contentCount);
      writer.end(byOffset);
    } else writer.writeOctets(target.value, GREATER_THAN_OR_EQUAL);
    if (contextId !== undefined) writer.writeOctets(contextId);
    writer.end(start);
  });
  return { controlType: Oid.virtualListViewRequest, criticality, controlValue };
}

/** @throws ParseError `ERR_CONTROL`. */
export function decodeVirtualListView(control: Control): VirtualListViewRequest {
  return readControlValue(control, Oid.virtualListViewRequest, (reader) => {
    const outer = reader.enter(SEQUENCE);
    const beforeCount = reader.readInteger();
    const afterCount = reader.readInteger();
    let target: VirtualListViewTarget;
    const tag = reader.peek();
    if (tag === BY_OFFSET) {
      const outerTarget = reader.enter(BY_OFFSET);
      target = { type: "byOffset", offset: reader.readInteger(), contentCount: reader.readInteger() };
      reader.leave(outerTarget);
    } else if (tag === GREATER_THAN_OR_EQUAL) {
      target = { type: "greaterThanOrEqual", value: reader.readOctets(GREATER_THAN_OR_EQUAL) };
    } else {
      throw new ParseError("ERR_BER_TAG", tag < 0 ? "the target is missing" : `${tagText(tag)} is not a target`, {
        offset: reader.offset,
      });
    }
    const contextId = reader.peek() === OCTET_STRING ? reader.readOctets() : undefined;
    reader.leave(outer);
    return { beforeCount, afterCount, target, contextId };
  });
}

/**
 * VirtualListViewResponse ::= SEQUENCE { targetPosition, contentCount, virtualListViewResult ENUMERATED, contextID OCTET
 * STRING OPTIONAL }, with SearchResultDone.
 */
export function virtualListViewResponseControl(response: VirtualListViewResponse): Control {
  const controlValue = encodeBer((writer) => {
    const start = writer.begin(SEQUENCE);
    writer.writeInteger(response.targetPosition);
    writer.writeInteger(response.contentCount);
    writer.writeEnumerated(response.resultCode);
    if (response.contextId !== undefined) writer.writeOctets(response.contextId);
    writer.end(start);
  });
  return { controlType: Oid.virtualListViewResponse, criticality: false, controlValue };
}

/** @throws ParseError `ERR_CONTROL`. */
export function decodeVirtualListViewResponse(control: Control): VirtualListViewResponse {
  return readControlValue(control, Oid.virtualListViewResponse, (reader) => {
    const outer = reader.enter(SEQUENCE);
    const targetPosition = reader.readInteger();
    const contentCount = reader.readInteger();
    const resultCode = reader.readEnumerated();
    const contextId = reader.peek() === OCTET_STRING ? reader.readOctets() : undefined;
    reader.leave(outer);
    return { targetPosition, contentCount, resultCode, contextId };
  });
}

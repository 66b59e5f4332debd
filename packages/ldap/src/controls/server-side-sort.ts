/** Server-side sorting of search results. RFC 2891. */
import { CONTEXT, SEQUENCE } from "../ber/tag.ts";
import { encodeBer } from "../ber/writer.ts";
import type { Control } from "../message/message.ts";
import { Oid } from "../oid.ts";
import { readControlValue } from "./control-value.ts";

const ORDERING_RULE = CONTEXT | 0;
const REVERSE_ORDER = CONTEXT | 1;
const RESULT_ATTRIBUTE = CONTEXT | 0;

/** `orderingRule` is a matching rule's name or OID; without one, the attribute's own ordering rule holds. */
export interface SortKey {
  readonly attribute: string;
  readonly orderingRule: string | undefined;
  readonly reverseOrder: boolean;
}

/**
 * The answer, with SearchResultDone. `resultCode` is success, or why the entries are not sorted: operationsError,
 * timeLimitExceeded, strongerAuthRequired, adminLimitExceeded, noSuchAttribute, inappropriateMatching,
 * insufficientAccessRights, busy, unwillingToPerform or other. `attribute` is the first one in the way.
 * When sorting failed and the control was critical, the search ends with unavailableCriticalExtension (§2).
 */
export interface SortResult {
  readonly resultCode: number;
  readonly attribute: string | undefined;
}

/**
 * SortKeyList ::= SEQUENCE OF SEQUENCE { attributeType, orderingRule [0] OPTIONAL, reverseOrder [1] DEFAULT FALSE }, the
 * most significant key first; entries without the attribute sort as the largest value (§2.2).
 */
export function serverSideSortControl(keys: readonly SortKey[], criticality = false): Control {
  const controlValue = encodeBer((writer) => {
    const list = writer.begin(SEQUENCE);
    for (const key of keys) {
      const start = writer.begin(SEQUENCE);
      writer.writeText(key.attribute);
      if (key.orderingRule !== undefined) writer.writeText(key.orderingRule, ORDERING_RULE);
      if (key.reverseOrder) writer.writeBoolean(true, REVERSE_ORDER);
      writer.end(start);
    }
    writer.end(list);
  });
  return { controlType: Oid.serverSideSortRequest, criticality, controlValue };
}

/** @throws ParseError `ERR_CONTROL`. */
export function decodeServerSideSort(control: Control): readonly SortKey[] {
  return readControlValue(control, Oid.serverSideSortRequest, (reader) => {
    const keys: SortKey[] = [];
    const outer = reader.enter(SEQUENCE);
    while (reader.more) {
      const outerKey = reader.enter(SEQUENCE);
      const attribute = reader.readName();
      const orderingRule = reader.peek() === ORDERING_RULE ? reader.readName(ORDERING_RULE) : undefined;
      const reverseOrder = reader.peek() === REVERSE_ORDER ? reader.readBoolean(REVERSE_ORDER) : false;
      reader.leave(outerKey);
      keys.push({ attribute, orderingRule, reverseOrder });
    }
    reader.leave(outer);
    return keys;
  });
}

/** SortResult ::= SEQUENCE { sortResult ENUMERATED, attributeType [0] AttributeDescription OPTIONAL } */
export function sortResultControl({ resultCode, attribute }: SortResult): Control {
  const controlValue = encodeBer((writer) => {
    const start = writer.begin(SEQUENCE);
    writer.writeEnumerated(resultCode);
    if (attribute !== undefined) writer.writeText(attribute, RESULT_ATTRIBUTE);
    writer.end(start);
  });
  return { controlType: Oid.serverSideSortResponse, criticality: false, controlValue };
}

/** @throws ParseError `ERR_CONTROL`. */
export function decodeSortResult(control: Control): SortResult {
  return readControlValue(control, Oid.serverSideSortResponse, (reader) => {
    const outer = reader.enter(SEQUENCE);
    const resultCode = reader.readEnumerated();
    const attribute = reader.peek() === RESULT_ATTRIBUTE ? reader.readName(RESULT_ATTRIBUTE) : undefined;
    reader.leave(outer);
    return { resultCode, attribute };
  });
}

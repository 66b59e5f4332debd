/** Assertion: do this only if the entry matches a filter. RFC 4528. */
import { encodeBer } from "../ber/writer.ts";
import type { Filter } from "../filter/filter.ts";
import { type DecodeLimits, defaultDecodeLimits, readFilter, writeFilter } from "../message/filter-codec.ts";
import type { Control } from "../message/message.ts";
import { Oid } from "../oid.ts";
import { readControlValue } from "./control-value.ts";

/**
 * The value is a Filter, which is evaluated on the target entry (for a search: the base object). Unless it is true, the
 * operation ends with assertionFailed (122) and changes nothing.
 */
export function assertionControl(filter: Filter, criticality = true): Control {
  return { controlType: Oid.assertion, criticality, controlValue: encodeBer((writer) => writeFilter(writer, filter)) };
}

/** @throws ParseError `ERR_CONTROL`; its cause is `ERR_FILTER_LIMIT` for a filter past `limits`. */
export function decodeAssertion(control: Control, limits: DecodeLimits = defaultDecodeLimits): Filter {
  return readControlValue(control, Oid.assertion, (reader) => readFilter(reader, limits));
}

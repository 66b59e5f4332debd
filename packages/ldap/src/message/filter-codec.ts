/** Search filters on the wire. RFC 4511 §4.5.1.7; absolute true and false, `(&)` and `(|)`, RFC 4526. */
import type { BerReader } from "../ber/reader.ts";
import { CONTEXT, CONTEXT_CONSTRUCTED, SEQUENCE, tagText } from "../ber/tag.ts";
import type { BerWriter } from "../ber/writer.ts";
import { ParseError } from "../error.ts";
import type {
  AttributeValueAssertionFilter,
  ExtensibleMatchFilter,
  Filter,
  SubstringsFilter,
} from "../filter/filter.ts";

const AND = CONTEXT_CONSTRUCTED | 0;
const OR = CONTEXT_CONSTRUCTED | 1;
const NOT = CONTEXT_CONSTRUCTED | 2;
const EQUALITY_MATCH = CONTEXT_CONSTRUCTED | 3;
const SUBSTRINGS = CONTEXT_CONSTRUCTED | 4;
const GREATER_OR_EQUAL = CONTEXT_CONSTRUCTED | 5;
const LESS_OR_EQUAL = CONTEXT_CONSTRUCTED | 6;
const PRESENT = CONTEXT | 7;
const APPROX_MATCH = CONTEXT_CONSTRUCTED | 8;
const EXTENSIBLE_MATCH = CONTEXT_CONSTRUCTED | 9;

const SUBSTRING_INITIAL = CONTEXT | 0;
const SUBSTRING_ANY = CONTEXT | 1;
const SUBSTRING_FINAL = CONTEXT | 2;

const MATCHING_RULE = CONTEXT | 1;
const MATCH_TYPE = CONTEXT | 2;
const MATCH_VALUE = CONTEXT | 3;
const DN_ATTRIBUTES = CONTEXT | 4;

/**
 * What a filter may cost. `maxFilterDepth`: how deep and, or and not are nested, where `(uid=a)` has depth 1; it also bounds
 * the recursion of decoding and evaluation, so stay below 1,000. `maxFilterItems`: filters of any kind plus the parts of
 * substrings, in all.
 */
export interface DecodeLimits {
  readonly maxFilterDepth: number;
  readonly maxFilterItems: number;
}

export const defaultDecodeLimits: DecodeLimits = { maxFilterDepth: 100, maxFilterItems: 10_000 };

/**
 * Reads one Filter.
 *
 * @throws ParseError `ERR_FILTER_LIMIT` past one of `limits`, `ERR_FILTER` for a choice that RFC 4511 does not have and for
 *   contents that its text rules out, and those of BerReader.
 */
export function readFilter(reader: BerReader, limits: DecodeLimits = defaultDecodeLimits): Filter {
  // Most filters are one item; they need no count.
  return readItem(reader, 1, { limits, items: 0 });
}

interface Budget {
  readonly limits: DecodeLimits;
  items: number;
}

function spend(budget: Budget, reader: BerReader): void {
  if (++budget.items > budget.limits.maxFilterItems) {
    throw new ParseError("ERR_FILTER_LIMIT", `The filter has more than ${budget.limits.maxFilterItems} items`, {
      offset: reader.offset,
    });
  }
}

function readItem(reader: BerReader, depth: number, budget: Budget): Filter {
  const { maxFilterDepth } = budget.limits;
  if (depth > maxFilterDepth) {
    throw new ParseError("ERR_FILTER_LIMIT", `The filter is nested deeper than ${maxFilterDepth}`, {
      offset: reader.offset,
    });
  }
  spend(budget, reader);
  const tag = reader.peek();
  switch (tag) {
    case AND:
      return { type: "and", filters: readSet(reader, AND, depth, budget) };
    case OR:
      return { type: "or", filters: readSet(reader, OR, depth, budget) };
    case NOT: {
      const outer = reader.enter(NOT);
      const filter = readItem(reader, depth + 1, budget);
      if (reader.more) throw badFilter(reader, "not has one filter");
      reader.leave(outer);
      return { type: "not", filter };
    }
    case EQUALITY_MATCH:
      return readAssertion(reader, EQUALITY_MATCH, "equalityMatch");
    case SUBSTRINGS:
      return readSubstrings(reader, budget);
    case GREATER_OR_EQUAL:
      return readAssertion(reader, GREATER_OR_EQUAL, "greaterOrEqual");
    case LESS_OR_EQUAL:
      return readAssertion(reader, LESS_OR_EQUAL, "lessOrEqual");
    case PRESENT:
      return { type: "present", attribute: reader.readName(PRESENT) };
    case APPROX_MATCH:
      return readAssertion(reader, APPROX_MATCH, "approxMatch");
    case EXTENSIBLE_MATCH:
      return readExtensibleMatch(reader);
    default:
      throw badFilter(reader, tag < 0 ? "a filter is missing" : `${tagText(tag)} is not a filter`);
  }
}

/** and [0], or [1] SET SIZE (1..MAX) OF filter Filter; none at all is RFC 4526. */
function readSet(reader: BerReader, tag: number, depth: number, budget: Budget): Filter[] {
  const filters: Filter[] = [];
  const outer = reader.enter(tag);
  while (reader.more) filters.push(readItem(reader, depth + 1, budget));
  reader.leave(outer);
  return filters;
}

/** AttributeValueAssertion ::= SEQUENCE { attributeDesc, assertionValue } */
function readAssertion(
  reader: BerReader,
  tag: number,
  type: AttributeValueAssertionFilter["type"],
): AttributeValueAssertionFilter {
  const outer = reader.enter(tag);
  const attribute = reader.readName();
  const value = reader.readOctets();
  reader.leave(outer);
  return { type, attribute, value };
}

/** "`initial` occurs at most once and first, `final` at most once and last": RFC 4511 §4.5.1.7.2. */
function readSubstrings(reader: BerReader, budget: Budget): SubstringsFilter {
  const outer = reader.enter(SUBSTRINGS);
  const attribute = reader.readName();
  let initial: Uint8Array | undefined;
  const any: Uint8Array[] = [];
  let final: Uint8Array | undefined;
  const outerParts = reader.enter(SEQUENCE);
  if (!reader.more) throw badFilter(reader, "substrings has at least one part");
  while (reader.more) {
    spend(budget, reader);
    const tag = reader.peek();
    if (tag === SUBSTRING_ANY && final === undefined) any.push(readPart(reader, tag));
    else if (tag === SUBSTRING_FINAL && final === undefined) final = readPart(reader, tag);
    else if (tag === SUBSTRING_INITIAL && initial === undefined && any.length === 0 && final === undefined) {
      initial = readPart(reader, tag);
    } else throw badFilter(reader, "substrings has initial, any and final parts, in that order");
  }
  reader.leave(outerParts);
  reader.leave(outer);
  return { type: "substrings", attribute, initial, any, final };
}

/** A part is an AssertionValue of the SUBSTR rule's syntax, which has at least one character: RFC 4517 §3.3.30. */
function readPart(reader: BerReader, tag: number): Uint8Array {
  const value = reader.readOctets(tag);
  if (value.length === 0) throw badFilter(reader, "a part of substrings is empty");
  return value;
}

/** MatchingRuleAssertion, with `matchingRule` or `type` or both: RFC 4511 §4.5.1.7.7. */
function readExtensibleMatch(reader: BerReader): ExtensibleMatchFilter {
  const outer = reader.enter(EXTENSIBLE_MATCH);
  const matchingRule = reader.peek() === MATCHING_RULE ? reader.readName(MATCHING_RULE) : undefined;
  const attribute = reader.peek() === MATCH_TYPE ? reader.readName(MATCH_TYPE) : undefined;
  if (matchingRule === undefined && attribute === undefined) {
    throw badFilter(reader, "extensibleMatch has a matching rule, an attribute or both");
  }
  const value = reader.readOctets(MATCH_VALUE);
  const dnAttributes = reader.peek() === DN_ATTRIBUTES ? reader.readBoolean(DN_ATTRIBUTES) : false;
  reader.leave(outer);
  return { type: "extensibleMatch", matchingRule, attribute, value, dnAttributes };
}

function badFilter(reader: BerReader, what: string): ParseError {
  return new ParseError("ERR_FILTER", `The filter cannot be read: ${what}`, { offset: reader.offset });
}

const filterTags: Readonly<Record<Filter["type"], number>> = {
  and: AND,
  or: OR,
  not: NOT,
  equalityMatch: EQUALITY_MATCH,
  substrings: SUBSTRINGS,
  greaterOrEqual: GREATER_OR_EQUAL,
  lessOrEqual: LESS_OR_EQUAL,
  present: PRESENT,
  approxMatch: APPROX_MATCH,
  extensibleMatch: EXTENSIBLE_MATCH,
};

/** Writes one Filter; as deep as `filter` is nested, so bound what comes from outside (`DecodeLimits`, `parseFilter`). */
export function writeFilter(writer: BerWriter, filter: Filter): void {
  if (filter.type === "present") {
    writer.writeText(filter.attribute, PRESENT);
    return;
  }
  const start = writer.begin(filterTags[filter.type]);
  switch (filter.type) {
    case "and":
    case "or":
      for (const item of filter.filters) writeFilter(writer, item);
      break;
    case "not":
      writeFilter(writer, filter.filter);
      break;
    case "equalityMatch":
    case "greaterOrEqual":
    case "lessOrEqual":
    case "approxMatch":
      writer.writeText(filter.attribute);
      writer.writeOctets(filter.value);
      break;
    case "substrings":
      writeSubstrings(writer, filter);
      break;
    case "extensibleMatch":
      writeExtensibleMatch(writer, filter);
      break;
  }
  writer.end(start);
}

function writeSubstrings(writer: BerWriter, filter: SubstringsFilter): void {
  writer.writeText(filter.attribute);
  const parts = writer.begin(SEQUENCE);
  if (filter.initial !== undefined) writer.writeOctets(filter.initial, SUBSTRING_INITIAL);
  for (const part of filter.any) writer.writeOctets(part, SUBSTRING_ANY);
  if (filter.final !== undefined) writer.writeOctets(filter.final, SUBSTRING_FINAL);
  writer.end(parts);
}

function writeExtensibleMatch(writer: BerWriter, filter: ExtensibleMatchFilter): void {
  if (filter.matchingRule !== undefined) writer.writeText(filter.matchingRule, MATCHING_RULE);
  if (filter.attribute !== undefined) writer.writeText(filter.attribute, MATCH_TYPE);
  writer.writeOctets(filter.value, MATCH_VALUE);
  if (filter.dnAttributes) writer.writeBoolean(true, DN_ATTRIBUTES);
}

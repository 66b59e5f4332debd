/** From a filter to the few entries among which every match must be, by the snapshot's indexes. */
import type { AttributeType, AttributeValueAssertionFilter, Filter, SubstringsFilter } from "@espalier/ldap";
import type { Entry } from "../snapshot/entry.ts";
import { countOf, type EqualityIndex, entriesOf } from "../snapshot/equality-index.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";

/** A superset of the matches; a set of entries that is not bounded by an index is `undefined` where this is returned. */
export interface Candidates {
  /** An upper bound, known before {@link entries} costs anything. */
  readonly count: number;
  /** The part of the filter that every candidate is known to match; the whole of it where nothing is left to evaluate. */
  readonly fulfilled: Filter | undefined;
  entries(): Entry[];
}

/** Index values whose entries are put together at most: beyond it, going through all entries in slices serves everybody better. */
const maxValues = 10_000;

const none: Candidates = { count: 0, fulfilled: undefined, entries: () => [] };

export function candidatesFor(filter: Filter, snapshot: Snapshot): Candidates | undefined {
  switch (filter.type) {
    case "and":
      return smallest(filter.filters, snapshot);
    case "or":
      return union(filter, filter.filters, snapshot);
    case "equalityMatch":
    case "approxMatch":
      return equality(filter, snapshot);
    case "substrings":
      return prefix(filter, snapshot);
    case "greaterOrEqual":
    case "lessOrEqual":
      return range(filter.attribute, filter.type, filter.value, snapshot);
    case "not":
    case "present":
    case "extensibleMatch":
      return undefined;
  }
}

/** Whatever part of a conjunction has the fewest; `(&)` is absolute true (RFC 4526) and has no bound. */
function smallest(filters: readonly Filter[], snapshot: Snapshot): Candidates | undefined {
  let best: Candidates | undefined;
  for (const filter of filters) {
    const candidates = candidatesFor(filter, snapshot);
    if (candidates && (!best || candidates.count < best.count)) best = candidates;
    // With one entry to look at, fewer would save less than it takes to find out.
    if (best && best.count <= 1) break;
  }
  return best;
}

function union(filter: Filter, filters: readonly Filter[], snapshot: Snapshot): Candidates | undefined {
  const parts: Candidates[] = [];
  let exact = true;
  for (const part of filters) {
    const candidates = candidatesFor(part, snapshot);
    if (!candidates) return undefined;
    exact &&= candidates.count === 0 || candidates.fulfilled === part;
    if (candidates.count > 0) parts.push(candidates);
  }
  if (parts.length === 0) return none;
  return {
    count: parts.reduce((sum, part) => sum + part.count, 0),
    fulfilled: exact ? filter : undefined,
    entries: () => [...new Set(parts.flatMap((part) => part.entries()))],
  };
}

function equality(filter: AttributeValueAssertionFilter, snapshot: Snapshot): Candidates | undefined {
  const { attribute, index } = indexOf(filter.attribute, snapshot);
  if (!index) return undefined;
  const key = attribute.equality?.normalizeAssertion(filter.value);
  if (key === undefined) return none;
  const postings = index.postings(key);
  return { count: countOf(postings), fulfilled: filter, entries: () => entriesOf(postings) };
}

/**
 * Values that start with the filter's initial part. The index holds equality keys, which may treat inner spaces another
 * way than substring keys do, so only the part up to the first space narrows the search.
 */
function prefix(filter: SubstringsFilter, snapshot: Snapshot): Candidates | undefined {
  const { attribute, index } = indexOf(filter.attribute, snapshot);
  if (!index?.ordered || !filter.initial) return undefined;
  const key = attribute.substrings?.normalizeSubstring(filter.initial, "initial");
  if (key === undefined) return none;
  const start = key.trimStart().split(" ", 1)[0]!;
  if (start === "") return undefined;
  const keys = index.ordered.items();
  const from = index.ordered.position((item) => item < start);
  let to = from;
  while (to < keys.length && to - from <= maxValues && keys[to]!.startsWith(start)) to++;
  return ofValues(index, from, to);
}

function range(
  description: string,
  relation: "greaterOrEqual" | "lessOrEqual",
  value: Uint8Array,
  snapshot: Snapshot,
): Candidates | undefined {
  const { attribute, index } = indexOf(description, snapshot);
  const rule = attribute?.equality;
  if (!index?.ordered || rule?.name !== "integerMatch") return undefined;
  const key = rule.normalizeAssertion(value);
  if (key === undefined) return none;
  const bound = Number(key);
  const { ordered } = index;
  return relation === "greaterOrEqual"
    ? ofValues(
        index,
        ordered.position((item) => Number(item) < bound),
        ordered.items().length,
      )
    : ofValues(
        index,
        0,
        ordered.position((item) => Number(item) <= bound),
      );
}

function ofValues(index: EqualityIndex, from: number, to: number): Candidates | undefined {
  if (to - from > maxValues) return undefined;
  const keys = index.ordered!.items().slice(from, to);
  const count = keys.reduce((sum, key) => sum + index.count(key), 0);
  return { count, fulfilled: undefined, entries: () => [...new Set(keys.flatMap((key) => index.entries(key)))] };
}

/** The index that answers for an attribute description by itself: not for one with options, nor one that has subtypes. */
function indexOf(description: string, snapshot: Snapshot): Indexed | NotIndexed {
  const attribute = snapshot.schema.attribute(description);
  const index = attribute && snapshot.index(attribute.key);
  return index ? { attribute, index } : notIndexed;
}

interface Indexed {
  readonly attribute: AttributeType;
  readonly index: EqualityIndex;
}
interface NotIndexed {
  readonly attribute: undefined;
  readonly index: undefined;
}
const notIndexed: NotIndexed = { attribute: undefined, index: undefined };

/** Server-side sorting, RFC 2891: the order that a request's sort keys ask for. */
import { LdapError, ResultCode, type Schema, type SortKey } from "@espalier/ldap";
import type { Entry } from "../snapshot/entry.ts";

export interface SortOrder {
  keysOf(entry: Entry): (string | null)[];
  /** Orders by the sort keys, then by normalized DN, so that no two entries are equal. */
  compare(
    a: { keys: readonly (string | null)[]; key: string },
    b: { keys: readonly (string | null)[]; key: string },
  ): number;
}

interface Term {
  readonly attributeKeys: readonly string[];
  readonly descending: boolean;
  normalize(value: Uint8Array): string | undefined;
}

/** @throws LdapError `noSuchAttribute` or `inappropriateMatching`, the sortResult codes of RFC 2891 §1.2. */
export function sortOrder(sortKeys: readonly SortKey[], schema: Schema): SortOrder {
  const terms = sortKeys.map((key) => termFor(key, schema));
  return {
    keysOf: (entry) => terms.map((term) => lowestKey(entry, term)),
    compare(a, b) {
      for (const [i, term] of terms.entries()) {
        const order = compareKeys(a.keys[i] ?? null, b.keys[i] ?? null);
        if (order !== 0) return term.descending ? -order : order;
      }
      return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
    },
  };
}

function termFor(key: SortKey, schema: Schema): Term {
  const type = schema.attribute(key.attribute);
  if (!type)
    throw new LdapError(ResultCode.noSuchAttribute, `The schema has no attribute ${key.attribute} to sort by.`);
  const named = key.orderingRule === undefined ? undefined : schema.matchingRule(key.orderingRule);
  if (key.orderingRule !== undefined && named?.kind !== "ordering") {
    throw new LdapError(
      ResultCode.inappropriateMatching,
      `${key.orderingRule} is not an ordering rule of this server.`,
    );
  }
  // Most name-like attributes have an equality rule and no ordering rule; their equality keys are in a sound order.
  const rule = named?.kind === "ordering" ? named : (type.ordering ?? type.equality);
  if (!rule) {
    throw new LdapError(ResultCode.inappropriateMatching, `${key.attribute} has no order; name an ordering rule.`);
  }
  return {
    attributeKeys: schema.subtypes(type).map((subtype) => subtype.key),
    descending: key.reverseOrder,
    normalize: (value) => rule.normalize(value),
  };
}

/** RFC 2891 §2.2: of several values the least counts. */
function lowestKey(entry: Entry, term: Term): string | null {
  let lowest: string | null = null;
  for (const attributeKey of term.attributeKeys) {
    const position = entry.shape.positions.get(attributeKey);
    if (position === undefined) continue;
    for (const value of entry.valuesAt(position)) {
      const key = term.normalize(value);
      if (key !== undefined && (lowest === null || key < lowest)) lowest = key;
    }
  }
  return lowest;
}

/** RFC 2891 §2.2: an entry without the attribute counts as larger than any with it. */
function compareKeys(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -1 : 1;
}

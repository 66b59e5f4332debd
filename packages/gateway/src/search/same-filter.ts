/** Whether two filters are one: clients ask the same question about one user after another. */
import type { Filter } from "@espalier/ldap";

/** A filter of which a part, where one is named, is known to be True for every entry that is asked about. */
export interface FilterQuestion {
  readonly filter: Filter;
  readonly fulfilled: Filter | undefined;
}

/** Whether both ask the same of an entry: all but their fulfilled parts, which stand at the same place, is equal. */
export function isSameQuestion(a: FilterQuestion, b: FilterQuestion): boolean {
  return isSame(a.filter, b.filter, a.fulfilled, b.fulfilled);
}

function isSame(a: Filter, b: Filter, fulfilledA: Filter | undefined, fulfilledB: Filter | undefined): boolean {
  if (a === fulfilledA || b === fulfilledB) return a === fulfilledA && b === fulfilledB;
  switch (a.type) {
    case "and":
    case "or":
      if (b.type !== a.type || b.filters.length !== a.filters.length) return false;
      for (let i = 0; i < a.filters.length; i++) {
        if (!isSame(a.filters[i]!, b.filters[i]!, fulfilledA, fulfilledB)) return false;
      }
      return true;
    case "not":
      return b.type === "not" && isSame(a.filter, b.filter, fulfilledA, fulfilledB);
    case "present":
      return b.type === "present" && a.attribute === b.attribute;
    case "substrings":
      return (
        b.type === "substrings" &&
        a.attribute === b.attribute &&
        a.any.length === b.any.length &&
        isSameValue(a.initial, b.initial) &&
        isSameValue(a.final, b.final) &&
        a.any.every((part, i) => isSameValue(part, b.any[i]))
      );
    case "extensibleMatch":
      return (
        b.type === "extensibleMatch" &&
        a.attribute === b.attribute &&
        a.matchingRule === b.matchingRule &&
        a.dnAttributes === b.dnAttributes &&
        isSameValue(a.value, b.value)
      );
    default:
      return b.type === a.type && a.attribute === b.attribute && isSameValue(a.value, b.value);
  }
}

function isSameValue(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

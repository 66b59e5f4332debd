/** Evaluates filters with the three values of RFC 4511 §4.5.1.7: TRUE, FALSE, and Undefined, which is `undefined` here. */
import type { Schema } from "../schema/schema.ts";
import { assertionTest } from "./assertion.ts";
import { hasValue, keysOfDescription } from "./covered-values.ts";
import { extensibleMatch } from "./extensible-match.ts";
import type { Filter } from "./filter.ts";
import { type Entry, entryTarget, type FilterTarget } from "./target.ts";

/** `undefined` is Undefined: a search returns an entry only for `true`. */
export type CompiledFilter = (target: FilterTarget) => boolean | undefined;

/**
 * Looks up attributes, rules and assertion values once, for use on many entries. An item is Undefined for every entry when
 * the schema does not have the attribute type or the rule, when the type has no rule for such an item, or when the assertion
 * value is not of the rule's syntax; never an error. approxMatch is equalityMatch, as RFC 4511 §4.5.1.7.6 allows.
 * Nesting is followed by recursion: the limits of decoder and parser keep it well below what a stack holds.
 *
 * A filter on objectClass and structuralObjectClass also covers the subclasses of the class it names, as in OpenLDAP.
 */
export function compileFilter(filter: Filter, schema: Schema): CompiledFilter {
  switch (filter.type) {
    case "and":
      return all(filter.filters.map((each) => compileFilter(each, schema)));
    case "or":
      return any(filter.filters.map((each) => compileFilter(each, schema)));
    case "not": {
      const negated = compileFilter(filter.filter, schema);
      return (target) => {
        const result = negated(target);
        return result === undefined ? undefined : !result;
      };
    }
    case "present": {
      const description = schema.resolve(filter.attribute);
      return description === undefined ? isUndefined : hasValue(keysOfDescription(description, schema), () => true);
    }
    case "extensibleMatch":
      return extensibleMatch(filter, schema) ?? isUndefined;
    default: {
      const description = schema.resolve(filter.attribute);
      const test = description && assertionTest(filter, description.attribute, schema);
      return description === undefined || test === undefined
        ? isUndefined
        : hasValue(keysOfDescription(description, schema), test);
    }
  }
}

/** Whether `filter` is TRUE for an entry. Compile a filter that many entries are to be asked. */
export function matchesFilter(filter: Filter, entry: Entry, schema: Schema): boolean {
  return compileFilter(filter, schema)(entryTarget(entry, schema)) === true;
}

const isUndefined: CompiledFilter = () => undefined;

/** FALSE if any is FALSE, else Undefined if any is Undefined; TRUE for none at all (RFC 4526). */
function all(filters: readonly CompiledFilter[]): CompiledFilter {
  return (target) => {
    let result: boolean | undefined = true;
    for (const filter of filters) {
      const one = filter(target);
      if (one === false) return false;
      if (one === undefined) result = undefined;
    }
    return result;
  };
}

/** TRUE if any is TRUE, else Undefined if any is Undefined; FALSE for none at all (RFC 4526). */
function any(filters: readonly CompiledFilter[]): CompiledFilter {
  return (target) => {
    let result: boolean | undefined = false;
    for (const filter of filters) {
      const one = filter(target);
      if (one === true) return true;
      if (one === undefined) result = undefined;
    }
    return result;
  };
}

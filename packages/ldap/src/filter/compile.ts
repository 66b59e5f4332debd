/** Evaluates filters with the three values of RFC 4511 §4.5.1.7: TRUE, FALSE, and Undefined, which is `undefined` here. */

import { encodeText } from "../ber/text.ts";
import type { Ava, Dn } from "../dn/dn.ts";
import { parseDn } from "../dn/parse.ts";
import { ParseError } from "../error.ts";
import { hasOptions } from "../schema/attribute-description.ts";
import { isApplicable } from "../schema/rule-use.ts";
import type { ResolvedDescription, Schema } from "../schema/schema.ts";
import { assertionTest, ruleTest, type ValueTest } from "./assertion.ts";
import type { ExtensibleMatchFilter, Filter } from "./filter.ts";
import { type Entry, entryTarget, type FilterTarget } from "./target.ts";

/** `undefined` is Undefined: a search returns an entry only for `true`. */
export type CompiledFilter = (target: FilterTarget) => boolean | undefined;

/**
 * Looks up attributes, rules and assertion values once, for use on many entries. An item is Undefined for every entry when
 * the schema does not have the attribute type or the rule, when the type has no rule for such an item, or when the assertion
 * value is not of the rule's syntax; never an error. approxMatch is equalityMatch, as RFC 4511 §4.5.1.7.6 allows.
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
      return description === undefined ? isUndefined : present(description, schema);
    }
    case "extensibleMatch":
      return extensibleMatch(filter, schema);
    default: {
      const description = schema.resolve(filter.attribute);
      const test = description && assertionTest(filter, description.attribute, schema);
      return description === undefined || test === undefined
        ? isUndefined
        : someValue(valueKeys(description, schema), test);
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

/** Where the values are that a description covers: its subtypes in type, and in options (RFC 4512 §2.5.1 and §2.5.2). */
interface ValueKeys {
  readonly keys: readonly string[];
  /** Whether a key with options, which is not among `keys`, is covered. */
  coversTagged(key: string): boolean;
}

function valueKeys({ attribute, options, keys }: ResolvedDescription, schema: Schema): ValueKeys {
  return {
    keys,
    coversTagged(key) {
      const [type = "", ...tags] = key.split(";");
      return schema.subtypes(attribute).some((subtype) => subtype.key === type) && hasOptions(tags, options) && !keys.includes(key);
    },
  };
}

function someValue({ keys, coversTagged }: ValueKeys, test: ValueTest): CompiledFilter {
  return (target) => {
    for (const key of keys) {
      const values = target.values(key);
      for (let i = 0; i < values.length; i++) if (test(values[i] as Uint8Array)) return true;
    }
    return target.taggedKeys?.some((key) => coversTagged(key) && target.values(key).some(test)) ?? false;
  };
}

function present(description: ResolvedDescription, schema: Schema): CompiledFilter {
  return someValue(valueKeys(description, schema), () => true);
}

/** RFC 4511 §4.5.1.7.7. */
function extensibleMatch(filter: ExtensibleMatchFilter, schema: Schema): CompiledFilter {
  const description = filter.attribute === undefined ? undefined : schema.resolve(filter.attribute);
  if (filter.attribute !== undefined && description === undefined) return isUndefined;
  if (filter.matchingRule === undefined && description === undefined) return isUndefined;

  const rule = filter.matchingRule === undefined ? undefined : schema.matchingRule(filter.matchingRule);
  if (filter.matchingRule !== undefined && rule === undefined) return isUndefined;
  if (rule !== undefined && description !== undefined && !isApplicable(rule, description.attribute)) return isUndefined;

  const test =
    rule === undefined
      ? description && assertionTest({ type: "equalityMatch", value: filter.value }, description.attribute, schema)
      : ruleTest(rule, filter.value);
  if (test === undefined) return isUndefined;

  const covered =
    description !== undefined
      ? schema.subtypes(description.attribute)
      : schema.attributeTypes.filter((attribute) => rule !== undefined && isApplicable(rule, attribute));
  const keys =
    description !== undefined
      ? valueKeys(description, schema)
      : {
          keys: covered.map(({ key }) => key),
          coversTagged: (key: string) => coveredKeys.has(key.split(";", 1)[0] as string),
        };
  const coveredKeys = new Set(covered.map(({ key }) => key));
  const ofEntry = someValue(keys, test);
  // The AVAs of a DN have no options, so no description with options covers them.
  if (!filter.dnAttributes || (description !== undefined && description.options.length > 0)) return ofEntry;
  return (target) =>
    ofEntry(target) ||
    avasOf(target.dn).some(({ type, value }) => {
      const attribute = schema.attribute(type);
      return (
        attribute !== undefined &&
        coveredKeys.has(attribute.key) &&
        test(typeof value === "string" ? encodeText(value) : value)
      );
    });
}

/** A name that cannot be read has no AVAs to match. */
function avasOf(dn: Dn | string): readonly Ava[] {
  if (typeof dn !== "string") return dn.flat();
  try {
    return parseDn(dn).flat();
  } catch (error) {
    if (error instanceof ParseError) return [];
    throw error;
  }
}

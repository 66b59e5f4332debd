/** The extensible match, RFC 4511 §4.5.1.7.7: a rule of the client's choice, and the AVAs of the entry's name if it asks for them. */
import { avaValueBytes } from "../dn/ava-value.ts";
import type { Ava, Dn } from "../dn/dn.ts";
import { parseDn } from "../dn/parse.ts";
import { ParseError } from "../error.ts";
import type { MatchingRule } from "../schema/matching-rule.ts";
import { isApplicable } from "../schema/rule-use.ts";
import type { Schema } from "../schema/schema.ts";
import { assertionTest, ruleTest, type ValueTest } from "./assertion.ts";
import { hasValue, keysOfDescription, keysOfTypes } from "./covered-values.ts";
import type { ExtensibleMatchFilter } from "./filter.ts";
import type { FilterTarget } from "./target.ts";

type Match = (target: FilterTarget) => boolean;

/** `undefined` where the match is Undefined for every entry. */
export function extensibleMatch(filter: ExtensibleMatchFilter, schema: Schema): Match | undefined {
  const rule = filter.matchingRule === undefined ? undefined : schema.matchingRule(filter.matchingRule);
  if (filter.matchingRule !== undefined && rule === undefined) return undefined;
  if (filter.attribute !== undefined) return matchOfAttribute(filter, filter.attribute, rule, schema);
  return rule && matchOfAnyAttribute(filter, rule, schema);
}

function matchOfAttribute(
  filter: ExtensibleMatchFilter,
  attribute: string,
  rule: MatchingRule | undefined,
  schema: Schema,
): Match | undefined {
  const description = schema.resolve(attribute);
  if (description === undefined || (rule !== undefined && !isApplicable(rule, description.attribute))) return undefined;
  const test =
    rule === undefined
      ? assertionTest({ type: "equalityMatch", value: filter.value }, description.attribute, schema)
      : ruleTest(rule, filter.value);
  if (test === undefined) return undefined;
  const ofEntry = hasValue(keysOfDescription(description, schema), test);
  // The AVAs of a name have no options, so a description with options covers none.
  if (!filter.dnAttributes || description.options.length > 0) return ofEntry;
  const ofName = hasAva(new Set(description.keys), test, schema);
  return (target) => ofEntry(target) || ofName(target);
}

function matchOfAnyAttribute(filter: ExtensibleMatchFilter, rule: MatchingRule, schema: Schema): Match | undefined {
  const test = ruleTest(rule, filter.value);
  if (test === undefined) return undefined;
  const types = new Set(schema.attributeTypes.filter((type) => isApplicable(rule, type)).map(({ key }) => key));
  const ofEntry = hasValue(keysOfTypes(types), test);
  if (!filter.dnAttributes) return ofEntry;
  const ofName = hasAva(types, test, schema);
  return (target) => ofEntry(target) || ofName(target);
}

/** Whether the name of the entry has an AVA of one of the types, by their keys, whose value passes. */
function hasAva(typeKeys: ReadonlySet<string>, test: ValueTest, schema: Schema): Match {
  return (target) =>
    avasOf(target.dn).some(({ type, value }) => {
      const attribute = schema.attribute(type);
      const bytes = avaValueBytes(value);
      return attribute !== undefined && bytes !== undefined && typeKeys.has(attribute.key) && test(bytes);
    });
}

/** A name that cannot be read has none. */
function avasOf(dn: Dn | string): readonly Ava[] {
  if (typeof dn !== "string") return dn.flat();
  try {
    return parseDn(dn).flat();
  } catch (error) {
    if (error instanceof ParseError) return [];
    throw error;
  }
}

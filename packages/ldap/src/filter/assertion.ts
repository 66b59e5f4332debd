/** Assertions about the values of one attribute, RFC 4511 §4.5.1.7.1 to §4.5.1.7.7, as tests of a value. */
import { encodeText } from "../ber/text.ts";
import type { AttributeType } from "../schema/attribute-type.ts";
import type { ObjectClassDefinition } from "../schema/definition.ts";
import type { EqualityRule, MatchingRule, OrderingRule, SubstringsRule } from "../schema/matching-rule.ts";
import type { Schema } from "../schema/schema.ts";
import type { AttributeValueAssertionFilter, SubstringsFilter } from "./filter.ts";

export type ValueTest = (value: Uint8Array) => boolean;

type Assertion =
  | Pick<AttributeValueAssertionFilter, "type" | "value">
  | Pick<SubstringsFilter, "type" | "initial" | "any" | "final">;

/** `undefined` where the assertion is Undefined: no rule for it, or a value that is not of the rule's syntax. */
export function assertionTest(assertion: Assertion, attribute: AttributeType, schema: Schema): ValueTest | undefined {
  switch (assertion.type) {
    case "equalityMatch":
    case "approxMatch":
      if (isClassAttribute(attribute)) return subclassTest(assertion.value, attribute, schema);
      return attribute.equality && equalityTest(attribute.equality, assertion.value);
    case "greaterOrEqual":
      return (
        attribute.ordering && orderingTest(attribute.ordering, assertion.value, (key, asserted) => key >= asserted)
      );
    case "lessOrEqual":
      return (
        attribute.ordering && orderingTest(attribute.ordering, assertion.value, (key, asserted) => key <= asserted)
      );
    case "substrings":
      return attribute.substrings && substringsTest(attribute.substrings, assertion);
  }
}

/** The test of an extensible match by `rule`; by an ordering rule, values before the asserted one pass (RFC 4517 §4.2.20). */
export function ruleTest(rule: MatchingRule, asserted: Uint8Array): ValueTest | undefined {
  switch (rule.kind) {
    case "equality":
      return equalityTest(rule, asserted);
    case "ordering":
      return orderingTest(rule, asserted, (key, assertedKey) => key < assertedKey);
    case "predicate":
      return rule.compile(asserted);
    case "substrings":
      return undefined;
  }
}

function equalityTest(rule: EqualityRule, asserted: Uint8Array): ValueTest | undefined {
  const key = rule.normalizeAssertion(asserted);
  if (key === undefined) return undefined;
  return rule.matcher?.(key) ?? ((value) => rule.normalize(value) === key);
}

function orderingTest(
  rule: OrderingRule,
  asserted: Uint8Array,
  holds: (key: string, assertedKey: string) => boolean,
): ValueTest | undefined {
  const assertedKey = rule.normalize(asserted);
  if (assertedKey === undefined) return undefined;
  return (value) => {
    const key = rule.normalize(value);
    return key !== undefined && holds(key, assertedKey);
  };
}

function substringsTest(
  rule: SubstringsRule,
  { initial, any, final }: Pick<SubstringsFilter, "initial" | "any" | "final">,
): ValueTest | undefined {
  const start = initial === undefined ? "" : rule.normalizeSubstring(initial, "initial");
  const end = final === undefined ? "" : rule.normalizeSubstring(final, "final");
  const inner: string[] = [];
  for (const piece of any) {
    const key = rule.normalizeSubstring(piece, "any");
    if (key === undefined) return undefined;
    inner.push(key);
  }
  if (start === undefined || end === undefined) return undefined;
  return (value) => {
    const key = rule.normalize(value);
    if (key === undefined || !key.startsWith(start)) return false;
    let at = start.length;
    for (const piece of inner) {
      const found = key.indexOf(piece, at);
      if (found === -1) return false;
      at = found + piece.length;
    }
    return key.length - end.length >= at && key.endsWith(end);
  };
}

/** objectClass and structuralObjectClass. */
function isClassAttribute(attribute: AttributeType): boolean {
  return attribute.oid === "2.5.4.0" || attribute.oid === "2.5.21.9";
}

function subclassTest(asserted: Uint8Array, attribute: AttributeType, schema: Schema): ValueTest | undefined {
  const oid = attribute.equality?.normalizeAssertion(asserted);
  if (oid === undefined) return undefined;
  const objectClass = schema.objectClass(oid);
  // A numericoid that is no class of the schema is a valid assertion (RFC 4517 §4.2.26).
  if (objectClass === undefined) return attribute.equality && equalityTest(attribute.equality, asserted);
  let test = subclassTests.get(objectClass);
  if (test === undefined) {
    test = oneOfTest(schema.subclasses(oid).flatMap((subclass) => [subclass.oid, ...subclass.names]));
    subclassTests.set(objectClass, test);
  }
  return test;
}

/** By class, for nearly every filter asks for one. */
const subclassTests = new WeakMap<ObjectClassDefinition, ValueTest>();

/** Whether a value is one of `names`, told apart by length first: an entry has several classes to ask. */
function oneOfTest(names: readonly string[]): ValueTest {
  const namesByLength: Uint8Array[][] = [];
  for (const name of names) {
    const bytes = encodeText(name.toLowerCase());
    const sameLength = namesByLength[bytes.length] ?? [];
    sameLength.push(bytes);
    namesByLength[bytes.length] = sameLength;
  }
  return (value) => namesByLength[value.length]?.some((name) => equalsIgnoringCase(value, name)) ?? false;
}

function equalsIgnoringCase(value: Uint8Array, lowerCase: Uint8Array): boolean {
  for (let i = 0; i < lowerCase.length; i++) {
    const byte = value[i] as number;
    if ((byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte) !== lowerCase[i]) return false;
  }
  return true;
}

/** Filters for property tests: every kind of item, over types of the built-in schema and others, with values of all kinds. */
import fc from "fast-check";
import type { Filter } from "../../src/filter/filter.ts";

const attributes = fc.constantFrom(
  ...["cn", "CN", "name", "uid", "2.5.4.3", "cn;lang-de", "objectClass", "uidNumber", "member", "createTimestamp"],
  ...["telephoneNumber", "userPassword", "jpegPhoto", "dc", "nosuch", "cn;x-unknown"],
);
const rules = fc.constantFrom("caseExactMatch", "2.5.13.2", "integerMatch", "integerOrderingMatch", "nosuchMatch");
const values = fc.oneof(
  fc.uint8Array({ maxLength: 6 }),
  fc
    .constantFrom("ann", "Ann Lee", "person", "10", "uid=ann,dc=example", "20240101000000Z", "*()\\\0", "é")
    .map(encode),
);
const pieces = values.filter((value) => value.length > 0);
const substrings = fc
  .record({
    type: fc.constant("substrings" as const),
    attribute: attributes,
    initial: fc.option(pieces, { nil: undefined }),
    any: fc.array(pieces, { maxLength: 2 }),
    final: fc.option(pieces, { nil: undefined }),
  })
  .filter(({ initial, any, final }) => initial !== undefined || any.length > 0 || final !== undefined);
const extensible = fc
  .record({
    type: fc.constant("extensibleMatch" as const),
    matchingRule: fc.option(rules, { nil: undefined }),
    attribute: fc.option(attributes, { nil: undefined }),
    value: values,
    dnAttributes: fc.boolean(),
  })
  .filter(({ matchingRule, attribute }) => matchingRule !== undefined || attribute !== undefined);

export const items: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({
    type: fc.constantFrom("equalityMatch", "greaterOrEqual", "lessOrEqual", "approxMatch"),
    attribute: attributes,
    value: values,
  }),
  fc.record({ type: fc.constant("present" as const), attribute: attributes }),
  substrings,
  extensible,
);

export const filters: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter; set: Filter[] }>((tie) => ({
  filter: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    items,
    fc.record({ type: fc.constantFrom("and", "or"), filters: tie("set") }),
    fc.record({ type: fc.constant("not" as const), filter: tie("filter") }),
  ),
  set: fc.array(tie("filter"), { maxLength: 4 }),
})).filter;

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Names for property tests: any text in values, any spelling of types. */
import fc from "fast-check";
import type { Ava, Dn, Rdn } from "../../src/dn/dn.ts";

/** Types of the built-in schema whose values may be any text, a type it does not have, and OIDs. */
export const types = fc.constantFrom(
  "cn",
  "UID",
  "ou",
  "2.5.4.10",
  "commonName",
  "description",
  "x-unknown",
  "1.2.3.4",
);

const values = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1 }),
  fc.string({ unit: fc.constantFrom(...' ,+="\\<>;#aA\u0000\né'), maxLength: 8 }),
);

export const avas: fc.Arbitrary<Ava> = fc.record({
  type: types,
  value: fc.oneof(
    { weight: 6, arbitrary: values.map((text) => text.toWellFormed()) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 8 }) },
  ),
});

export const rdns: fc.Arbitrary<Rdn> = fc.oneof(
  { weight: 4, arbitrary: avas.map((ava) => [ava]) },
  { weight: 1, arbitrary: fc.array(avas, { minLength: 2, maxLength: 3 }) },
);

export const dns: fc.Arbitrary<Dn> = fc.array(rdns, { maxLength: 5 });

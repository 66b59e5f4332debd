/** Arbitrary LDIF records: names and DNs that are legal, values of any bytes. */
import fc from "fast-check";
import type { LdifRecord } from "../../src/ldif/record.ts";

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const type = fc
  .oneof(
    fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 12 }),
    fc.constantFrom("userPassword", "userCertificate;binary", "cn;lang-de", "2.5.4.3", "member;range=0-*"),
  )
  .filter((name) => !["dn", "changetype"].includes(name.toLowerCase()));
/** Bytes of every kind, with the characters that LDIF treats apart made likely. */
const value = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.string({ maxLength: 200 }).map((text) => new TextEncoder().encode(text)),
  fc
    .array(fc.constantFrom(0x20, 0x3a, 0x3c, 0x23, 0x0a, 0x0d, 0x41, 0x00, 0x7f), { maxLength: 8 })
    .map((bytes) => Uint8Array.from(bytes)),
);
const text = fc.string({ unit: "grapheme", maxLength: 120 });
const attributes = fc.uniqueArray(fc.record({ type, values: fc.array(value, { minLength: 1, maxLength: 4 }) }), {
  selector: (attribute) => attribute.type.toLowerCase(),
  minLength: 1,
  maxLength: 5,
});
const control = fc.record({
  controlType: fc.constantFrom("1.2.840.113556.1.4.805", "1.3.6.1.1.12", "2.16.840.1.113730.3.4.2"),
  criticality: fc.boolean(),
  controlValue: fc.option(value, { nil: undefined }),
});
const controls = fc.array(control, { maxLength: 3 });
const change = fc.record({
  operation: fc.constantFrom("add", "delete", "replace", "increment"),
  modification: fc.record({ type, values: fc.array(value, { maxLength: 3 }) }),
});

export const ldifRecord: fc.Arbitrary<LdifRecord> = fc.oneof(
  fc.record({ type: fc.constant("content"), dn: text, attributes }),
  fc.record({ type: fc.constant("add"), dn: text, controls, attributes }),
  fc.record({ type: fc.constant("delete"), dn: text, controls }),
  fc.record({ type: fc.constant("modify"), dn: text, controls, changes: fc.array(change, { maxLength: 5 }) }),
  fc.record({
    type: fc.constant("modifyDn"),
    dn: text,
    controls,
    newRdn: text,
    deleteOldRdn: fc.boolean(),
    newSuperior: fc.option(text, { nil: undefined }),
  }),
) as fc.Arbitrary<LdifRecord>;

import fc from "fast-check";
import { expect, it } from "vitest";
import { attributesJson, isSecretAttribute, partialAttributes, valueBytes, valueJson } from "../../src/api/value.ts";

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,15}$/).filter((text) => !isSecretAttribute(text));
const option = fc.oneof(
  fc.constant("binary"),
  fc.stringMatching(/^lang-[a-z]{2}$/),
  fc.stringMatching(/^x-[a-z0-9]{1,8}$/),
);
const description = fc.tuple(name, fc.array(option, { maxLength: 3 })).map((parts) => parts.flat().join(";"));
/** Bytes of any kind, text of any kind, and text with single bytes in it that are not. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.string({ unit: "binary", maxLength: 100 }).map((text) => new TextEncoder().encode(text)),
  fc.constantFrom(
    ...["", " ", "\ufeffa", "a\0b", "\r\n", "{SSHA}x", "\ud800", "<&>", "é"].map((text) =>
      new TextEncoder().encode(text),
    ),
  ),
);

it("gives back the bytes that a value was made of, whatever they are, through JSON too", () => {
  fc.assert(
    fc.property(description, bytes, (description, bytes) => {
      const json = JSON.parse(JSON.stringify(valueJson(description, bytes)));
      expect(valueBytes(description, json)).toEqual(new Uint8Array(bytes));
    }),
    { numRuns: 2_000 },
  );
});

it("gives back whole attributes, options and empty lists included", () => {
  const attributes = fc.uniqueArray(
    fc.record({
      type: description,
      values: fc.array(
        bytes.map((value) => new Uint8Array(value)),
        { maxLength: 4 },
      ),
    }),
    { selector: ({ type }) => type },
  );
  fc.assert(
    fc.property(attributes, (attributes) => {
      // JSON has an order of its own only for names that are numbers, and no attribute is one.
      expect(partialAttributes(JSON.parse(JSON.stringify(attributesJson(attributes))))).toEqual(attributes);
    }),
  );
});

it("shows text as text and only text", () => {
  expect(valueJson("cn", Buffer.from("Zoë ☃"))).toBe("Zoë ☃");
  expect(valueJson("postalAddress", Buffer.from("a\r\nb\tc"))).toBe("a\r\nb\tc");
  expect(valueJson("jpegPhoto", Buffer.from("ffd8ffe0", "hex"))).toEqual({ base64: "/9j/4A==" });
  expect(valueJson("x", Buffer.from("a\u0007b"))).toEqual({ base64: "YQdi" });
  // The bytes of a certificate are DER, also where they could be read (RFC 4522).
  expect(valueJson("userCertificate;binary", Buffer.from("abc"))).toEqual({ base64: "YWJj" });
});

it("hides secrets in any spelling and with any options, and says only how they are hashed", () => {
  const hash = Buffer.from("{SSHA}c2VjcmV0LWhhc2g=");
  for (const spelling of ["userPassword", "USERPASSWORD", "userpassword;x-old", "sambaNTPassword", "pwdHistory"]) {
    expect(valueJson(spelling, hash)).toEqual({ hidden: true, scheme: "SSHA" });
  }
  expect(valueJson("userPassword", Buffer.from("in clear text"))).toEqual({ hidden: true });
  expect(valueJson("userPassword", hash, { revealsSecrets: true })).toBe("{SSHA}c2VjcmV0LWhhc2g=");
});

it("refuses to take a hidden value back", () => {
  expect(() => valueBytes("userPassword", { hidden: true })).toThrow(/hidden, and cannot be sent back/);
});

it("hides every secret, whatever its bytes", () => {
  fc.assert(
    fc.property(fc.constantFrom("userPassword", "userPassword;lang-de", "krbPrincipalKey"), bytes, (type, bytes) => {
      expect(valueJson(type, bytes)).toMatchObject({ hidden: true });
    }),
  );
});

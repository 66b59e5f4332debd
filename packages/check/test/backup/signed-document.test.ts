import { generateKeyPairSync } from "node:crypto";
import type { JsonValue } from "@espalier/service";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkSignature, parseSignedDocument, signDocument } from "../../src/backup/signed-document.ts";
import { type PublicKey, SigningKey } from "../../src/backup/signing-key.ts";

const key = new SigningKey(generateKeyPairSync("ed25519").privateKey);
const documents = fc.dictionary(fc.string(), fc.jsonValue()).filter((each) => !Object.hasOwn(each, "__proto__"));

function read(text: string, trusted: PublicKey): unknown {
  const signed = parseSignedDocument(text);
  checkSignature(signed, trusted);
  return signed.document;
}

describe("a signed document", () => {
  it("is read as it was signed", () => {
    fc.assert(
      fc.property(documents, (document) => {
        const plain = JSON.parse(JSON.stringify(document)) as Record<string, JsonValue>;
        expect(read(signDocument(plain, key), key.publicKey)).toEqual(plain);
      }),
    );
  });

  it("is not believed when a bit of it is another, wherever", () => {
    const bytes = Buffer.from(signDocument({ backup: "2026-01-15T020000Z", isPassed: true, parts: ["a", 1] }, key));
    const position = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 7 }));
    fc.assert(
      fc.property(position, ([at, bit]) => {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 1 << bit;
        expect(() => read(changed.toString("utf8"), key.publicKey)).toThrow();
      }),
      { numRuns: 500 },
    );
  });

  it("is not believed when somebody else signed it", () => {
    const other = new SigningKey(generateKeyPairSync("ed25519").privateKey);
    const text = signDocument({ backup: "2026-01-15T020000Z" }, other);
    expect(() => read(text, key.publicKey)).toThrow("another key signed it than the one that is known here");
  });

  it("is nothing else than that, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => read(text, key.publicKey)).toThrow();
      }),
    );
  });
});

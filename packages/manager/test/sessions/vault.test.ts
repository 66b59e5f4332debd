/** What is sealed opens where it belongs, and nowhere else. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Vault } from "../../src/sessions/vault.ts";

const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("the vault", () => {
  it("gives back what was sealed, byte for byte", () => {
    fc.assert(
      fc.property(
        keys,
        fc.uint8Array(),
        fc.string(),
        fc.string(),
        fc.string(),
        (key, bytes, purpose, salt, context) => {
          const sealed = new Vault(key).sealingKey(purpose, salt).seal(bytes, context);
          expect(new Vault(key).sealingKey(purpose, salt).open(sealed, context)).toEqual(bytes);
        },
      ),
    );
  });

  it("opens nothing with another key, purpose, salt or context", () => {
    const fields = fc.record({ key: keys, purpose: fc.string(), salt: fc.string(), context: fc.string() });
    const change = fc.constantFrom("key", "purpose", "salt", "context");
    fc.assert(
      fc.property(fields, fields, change, (one, other, field) => {
        const changed = { ...one, [field]: other[field as keyof typeof other] };
        fc.pre(JSON.stringify(changed) !== JSON.stringify(one));
        const sealed = new Vault(one.key).sealingKey(one.purpose, one.salt).sealText("text", one.context);
        const key = new Vault(changed.key).sealingKey(changed.purpose, changed.salt);
        expect(key.openText(sealed, changed.context)).toBeUndefined();
      }),
    );
  });

  it("opens nothing of which a bit was changed, or a part is missing", () => {
    const key = new Vault(new Uint8Array(32)).sealingKey("test");
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.nat({ max: 7 }), (text, at, bit) => {
        const sealed = key.sealText(text, "context");
        const changed = sealed.slice();
        changed[at % sealed.length] = (changed[at % sealed.length] ?? 0) ^ (1 << bit);
        expect(key.openText(changed, "context")).toBeUndefined();
        expect(key.openText(sealed.subarray(0, at % sealed.length), "context")).toBeUndefined();
        expect(() => key.open(changed, "context")).toThrow();
      }),
    );
  });

  it("seals the same text otherwise each time", () => {
    const key = new Vault(new Uint8Array(32)).sealingKey("test");
    expect(key.sealText("text", "context")).not.toEqual(key.sealText("text", "context"));
  });
});

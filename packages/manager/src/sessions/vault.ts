/**
 * Encryption of what is kept in the store (AES-256-GCM) and keyed digests, with keys that are derived from the key file's, one for
 * each purpose (HKDF, RFC 5869).
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";

const algorithm = "aes-256-gcm";
const ivLength = 12;
const tagLength = 16;
const version = 1;

/** Encrypts for one purpose. What is sealed opens only with the same `context`: which row it belongs to, for instance. */
export class SealingKey {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** A version byte, the nonce, the ciphertext and its tag. */
  seal(bytes: Uint8Array, context: string): Uint8Array {
    const iv = randomBytes(ivLength);
    const cipher = createCipheriv(algorithm, this.#key, iv).setAAD(Buffer.from(context));
    const parts = [Uint8Array.of(version), iv, cipher.update(bytes), cipher.final(), cipher.getAuthTag()];
    return new Uint8Array(Buffer.concat(parts));
  }

  /** @throws Error for what was sealed with another key or for another context, or was changed since */
  open(sealed: Uint8Array, context: string): Uint8Array {
    if (sealed[0] !== version || sealed.length < 1 + ivLength + tagLength) throw new Error("This was not sealed here.");
    const iv = sealed.subarray(1, 1 + ivLength);
    const end = sealed.length - tagLength;
    const decipher = createDecipheriv(algorithm, this.#key, iv, { authTagLength: tagLength })
      .setAAD(Buffer.from(context))
      .setAuthTag(sealed.subarray(end));
    const parts = [decipher.update(sealed.subarray(1 + ivLength, end)), decipher.final()];
    return new Uint8Array(Buffer.concat(parts));
  }

  sealText(text: string, context: string): Uint8Array {
    return this.seal(Buffer.from(text), context);
  }

  /** `undefined` where {@link open} throws: a key file that was replaced costs people a sign-in, and no more. */
  openText(sealed: Uint8Array, context: string): string | undefined {
    try {
      return Buffer.from(this.open(sealed, context)).toString("utf8");
    } catch {
      return undefined;
    }
  }
}

export class Vault {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** @param salt who has the store and the key file needs it as well: the token of a session */
  sealingKey(purpose: string, salt = ""): SealingKey {
    return new SealingKey(this.#derive(purpose, salt));
  }

  /** A digest that nobody can make, or try values for, without the key file. */
  digest(purpose: string, text: string): Uint8Array {
    return new Uint8Array(createHmac("sha256", this.#derive(purpose, "")).update(text).digest());
  }

  #derive(purpose: string, salt: string): Uint8Array {
    return new Uint8Array(hkdfSync("sha256", this.#key, salt, `espalier manager: ${purpose}`, 32));
  }
}

/** In a time that does not tell where they differ. */
export function isSame(given: string, expected: string): boolean {
  const bytes = Buffer.from(given);
  const wanted = Buffer.from(expected);
  return bytes.length === wanted.length && timingSafeEqual(bytes, wanted);
}

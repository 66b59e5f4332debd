/**
 * Signing as Standard Webhooks 1.0.0 has it: over `id.timestamp.body`, `v1` with HMAC-SHA256, `v1a` with ed25519; several
 * signatures, one a key, while keys are rotated. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHmac, createPrivateKey, type KeyObject, sign } from "node:crypto";

export type SigningKey =
  | { readonly version: "v1"; readonly key: Buffer }
  | { readonly version: "v1a"; readonly key: KeyObject };

/** PKCS #8 of an ed25519 key (RFC 8410 §7), without the 32 bytes of the key itself that follow. */
const ed25519Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * `whsec_` and `whsk_` with base64 behind them: a symmetric key, and an ed25519 private key of 32 bytes, or 64 where its
 * public key is appended as libsodium does.
 *
 * @throws RangeError whose message completes a sentence about the key and does not repeat it.
 */
export function parseSigningKey(text: string): SigningKey {
  const [, prefix, encoded = ""] = /^(whsec_|whsk_)([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const bytes = Buffer.from(encoded, "base64");
  if (prefix === "whsec_") {
    if (bytes.length >= 24 && bytes.length <= 64) return { version: "v1", key: bytes };
    throw new RangeError(`has ${bytes.length} bytes, and Standard Webhooks asks for 24 to 64`);
  }
  if (prefix === "whsk_") {
    if (bytes.length === 32 || bytes.length === 64) {
      const der = Buffer.concat([ed25519Prefix, bytes.subarray(0, 32)]);
      return { version: "v1a", key: createPrivateKey({ key: der, format: "der", type: "pkcs8" }) };
    }
    throw new RangeError(`has ${bytes.length} bytes, and an ed25519 key has 32, or 64 with its public key`);
  }
  throw new RangeError("must be whsec_ or whsk_ and base64: `whsec_$(openssl rand -base64 32)` makes one");
}

/** The value of `webhook-signature`. */
export function signatures(keys: readonly SigningKey[], id: string, timestampSeconds: number, body: string): string {
  const signed = `${id}.${timestampSeconds}.${body}`;
  return keys
    .map(({ version, key }) => {
      const signature =
        version === "v1" ? createHmac("sha256", key).update(signed).digest() : sign(null, Buffer.from(signed), key);
      return `${version},${signature.toString("base64")}`;
    })
    .join(" ");
}

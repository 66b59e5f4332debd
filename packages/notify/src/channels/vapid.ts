/** Telling a push service who sends: VAPID, RFC 8292. */
import { createECDH, createPrivateKey, type KeyObject, sign } from "node:crypto";

export interface VapidKey {
  /** Base64url of the uncompressed point: what a page gives to `pushManager.subscribe` as `applicationServerKey`. */
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

/**
 * `text` is base64url of the 32 bytes of a private key of P-256.
 *
 * @throws RangeError whose message completes a sentence about the key and does not repeat it.
 */
export function parseVapidKey(text: string): VapidKey {
  const bytes = Buffer.from(text, "base64url");
  if (!/^[A-Za-z0-9_-]+$/.test(text) || bytes.length !== 32) {
    throw new RangeError(
      "must be base64url of the 32 bytes of a P-256 private key: `npx web-push generate-vapid-keys` makes one",
    );
  }
  const ecdh = createECDH("prime256v1");
  try {
    ecdh.setPrivateKey(bytes);
  } catch {
    throw new RangeError("is no private key of P-256: `npx web-push generate-vapid-keys` makes one");
  }
  const point = ecdh.getPublicKey();
  const x = point.subarray(1, 33).toString("base64url");
  const y = point.subarray(33).toString("base64url");
  return {
    publicKey: point.toString("base64url"),
    privateKey: createPrivateKey({ key: { kty: "EC", crv: "P-256", d: text, x, y }, format: "jwk" }),
  };
}

/** At most a day (§2); half of it leaves room for clocks that differ. */
const lifetimeSeconds = 12 * 3_600;

/** The value of the Authorization header, §3. `subject` is a `mailto:` or `https:` URI where the push service finds help. */
export function vapidAuthorization(key: VapidKey, endpoint: URL, subject: string, nowMs: number): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { aud: endpoint.origin, exp: Math.floor(nowMs / 1_000) + lifetimeSeconds, sub: subject };
  const signed = `${encode({ typ: "JWT", alg: "ES256" })}.${encode(claims)}`;
  const signature = sign("sha256", Buffer.from(signed), { key: key.privateKey, dsaEncoding: "ieee-p1363" });
  return `vapid t=${signed}.${signature.toString("base64url")}, k=${key.publicKey}`;
}

/**
 * Standard Webhooks 1.0.0: `webhook-id`, `webhook-timestamp` and `webhook-signature` over `id.timestamp.body`.
 *
 * Signatures of tag v1 are HMAC-SHA256 by a secret `whsec_` + base64; of tag v1a, ed25519 by a public key `whpk_` + base64. A
 * request may carry several, parted by spaces, while the sender changes its key.
 */
import {
  createHmac,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
  verify as verifySignature,
} from "node:crypto";
import { type InboundRequest, type LiveSecret, refused, stillLive, type Verdict, type Verifier } from "./verifier.ts";

/** How far a sender's clock may be off, and so how long a request can be played again: the specification's five minutes. */
const toleranceMs = 300_000;
/** More are nobody's key change. */
const maxSignatures = 10;
const maxIdCharacters = 256;

export class StandardVerifier implements Verifier {
  readonly #keys: readonly Key[];

  /** @throws Error for a secret that is none; the message does not hold it. */
  constructor(secrets: readonly LiveSecret[]) {
    this.#keys = secrets.map(keyOf);
  }

  verify(request: InboundRequest): Verdict {
    const id = request.header("webhook-id");
    const timestamp = request.header("webhook-timestamp");
    const signatures = request.header("webhook-signature");
    if (id === undefined || timestamp === undefined || signatures === undefined) return refused("missing_credentials");
    if (!/^\d{1,12}$/.test(timestamp) || id === "" || id.length > maxIdCharacters)
      return refused("malformed_credentials");
    if (Math.abs(request.receivedMs - Number(timestamp) * 1000) > toleranceMs) return refused("stale_timestamp");
    const live = stillLive(this.#keys, request.receivedMs);
    if (live.length === 0) return refused("no_live_secret");
    const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), request.body]);
    const given = signatures.split(" ").slice(0, maxSignatures).map(parseSignature);
    const isAuthentic = live.some((key) =>
      given.some((signature) => signature !== undefined && fits(key, signature, signed)),
    );
    return isAuthentic ? { isAuthentic, deliveryId: id } : refused("wrong_credentials");
  }
}

interface Key extends Pick<LiveSecret, "untilMs"> {
  /** v1: a shared secret; v1a: a public key. */
  readonly tag: "v1" | "v1a";
  readonly key: KeyObject;
}

/** RFC 8410 §4: what comes before the 32 octets of an ed25519 key in a SubjectPublicKeyInfo. */
const ed25519Prefix = Buffer.from("302a300506032b6570032100", "hex");

function keyOf({ value, ...rest }: LiveSecret): Key {
  const [, kind, text] = /^(whsec|whpk)_([A-Za-z0-9+/]+={0,2})$/.exec(value) ?? [];
  if (kind === undefined || text === undefined) {
    throw new Error("must be whsec_ (a shared secret) or whpk_ (a public key) with base64 behind it");
  }
  const octets = Buffer.from(text, "base64");
  if (kind === "whsec") {
    if (octets.length < 16)
      throw new Error("must have at least 16 octets behind whsec_: a shorter secret can be guessed");
    return { ...rest, tag: "v1", key: createSecretKey(octets) };
  }
  if (octets.length !== 32) throw new Error("must have the 32 octets of an ed25519 key behind whpk_");
  const key = createPublicKey({ key: Buffer.concat([ed25519Prefix, octets]), format: "der", type: "spki" });
  return { ...rest, tag: "v1a", key };
}

interface Signature {
  readonly tag: string;
  readonly octets: Buffer;
}

function parseSignature(text: string): Signature | undefined {
  const comma = text.indexOf(",");
  return comma < 0 ? undefined : { tag: text.slice(0, comma), octets: Buffer.from(text.slice(comma + 1), "base64") };
}

function fits({ tag, key }: Key, signature: Signature, signed: Buffer): boolean {
  if (signature.tag !== tag) return false;
  if (tag === "v1a") return signature.octets.length === 64 && verifySignature(null, signed, key, signature.octets);
  const expected = createHmac("sha256", key).update(signed).digest();
  return signature.octets.length === expected.length && timingSafeEqual(signature.octets, expected);
}

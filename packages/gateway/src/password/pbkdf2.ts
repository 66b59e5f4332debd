/** PBKDF2 (RFC 8018 §5.2) in the forms of OpenLDAP's pw-pbkdf2, of 389 Directory Server and of Django. */
import { pbkdf2Sync, timingSafeEqual } from "node:crypto";
import { decodeAdaptedBase64, decodeBase64 } from "./base64.ts";
import type { HashLimits, HashRefusal, Pbkdf2Hash } from "./stored-hash.ts";

const digestLengths = { sha1: 20, sha256: 32, sha512: 64 } as const;

/** `iterations$salt$key`, both in adapted base64; the key has the digest's length. OpenLDAP, and 389-DS since 2.0. */
export function parseAdaptedPbkdf2(
  scheme: string,
  algorithm: Pbkdf2Hash["algorithm"],
  body: string,
  limits: HashLimits,
): Pbkdf2Hash | HashRefusal {
  const [, iterations, salt, key] = /^([1-9][0-9]{0,9})\$([^$]+)\$([^$]+)$/.exec(body) ?? [];
  if (iterations === undefined || salt === undefined || key === undefined) return "malformed";
  return checked(scheme, algorithm, Number(iterations), decodeAdaptedBase64(salt), decodeAdaptedBase64(key), limits);
}

const fixed = { iterations: 4, salt: 64, key: 256 } as const;

/** 389-DS's `{PBKDF2_SHA256}`: base64 of 4 bytes iterations (big-endian), 64 bytes salt and 256 bytes key. */
export function parseFixedPbkdf2(scheme: string, body: string, limits: HashLimits): Pbkdf2Hash | HashRefusal {
  const bytes = decodeBase64(body);
  if (bytes?.length !== fixed.iterations + fixed.salt + fixed.key) return "malformed";
  const iterations = new DataView(bytes.buffer, bytes.byteOffset, fixed.iterations).getUint32(0);
  const keyStart = fixed.iterations + fixed.salt;
  const salt = bytes.subarray(fixed.iterations, keyStart);
  return checked(scheme, "sha256", iterations, salt, bytes.subarray(keyStart), limits, fixed.key);
}

/** Django's `pbkdf2_sha256$iterations$salt$key`: the salt is its own text, the key base64. */
export function parseDjangoPbkdf2(scheme: string, body: string, limits: HashLimits): Pbkdf2Hash | HashRefusal {
  const [, iterations, salt, key] = /^([1-9][0-9]{0,9})\$([^$]+)\$([^$]+)$/.exec(body) ?? [];
  if (iterations === undefined || salt === undefined || key === undefined) return "malformed";
  return checked(scheme, "sha256", Number(iterations), Buffer.from(salt), decodeBase64(key), limits);
}

function checked(
  scheme: string,
  algorithm: Pbkdf2Hash["algorithm"],
  iterations: number,
  salt: Uint8Array | undefined,
  derivedKey: Uint8Array | undefined,
  limits: HashLimits,
  keyLength: number = digestLengths[algorithm],
): Pbkdf2Hash | HashRefusal {
  if (salt === undefined || derivedKey?.length !== keyLength || iterations === 0) return "malformed";
  const blocks = Math.ceil(keyLength / digestLengths[algorithm]);
  if (iterations * blocks > limits.pbkdf2Iterations) return "tooCostly";
  return { kind: "pbkdf2", scheme, algorithm, iterations, salt, derivedKey };
}

export function matchesPbkdf2(stored: Pbkdf2Hash, password: Uint8Array): boolean {
  const { salt, iterations, derivedKey, algorithm } = stored;
  return timingSafeEqual(pbkdf2Sync(password, salt, iterations, derivedKey.length, algorithm), derivedKey);
}

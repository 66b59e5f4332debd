/** Argon2 (RFC 9106) in the PHC string format, `$argon2id$v=19$m=65536,t=3,p=4$salt$tag`. */
import { argon2Sync, timingSafeEqual } from "node:crypto";
import { decodeBase64 } from "./base64.ts";
import type { Argon2Hash, HashLimits, HashRefusal } from "./stored-hash.ts";

const phcString = /^\$(argon2(?:id|i|d))\$(?:v=([0-9]{1,3})\$)?([a-z]+=[^$]*)\$([^$]+)\$([^$]+)$/;

/**
 * `v=16`, which is also what a missing `v=` means, is refused as unsupported: that version overwrote memory instead of
 * XORing it, and OpenSSL implements 0x13 only. So are the `keyid` and `data` parameters, which need a secret from
 * outside. Lengths are those that RFC 9106 §3.1 and OpenSSL accept; a tag below 16 bytes is refused as malformed.
 */
export function parseArgon2(text: string, limits: HashLimits): Argon2Hash | HashRefusal {
  const [, algorithm, version = "16", parameters = "", salt = "", tag = ""] = phcString.exec(text) ?? [];
  if (algorithm !== "argon2d" && algorithm !== "argon2i" && algorithm !== "argon2id") return "malformed";
  const named = readParameters(parameters);
  const saltBytes = decodeBase64(salt);
  const tagBytes = decodeBase64(tag);
  if (named === "unsupported" || version === "16") return "unsupported";
  if (named === "malformed" || version !== "19" || saltBytes === undefined || tagBytes === undefined)
    return "malformed";
  const { m: memoryKib, t: passes, p: parallelism } = named;
  if (memoryKib < 8 * parallelism || saltBytes.length < 8 || tagBytes.length < 16 || tagBytes.length > 512) {
    return "malformed";
  }
  if (memoryKib > limits.argon2MemoryKib || memoryKib * passes > limits.argon2WorkKib) return "tooCostly";
  const scheme = `{${algorithm.toUpperCase()}}`;
  return { kind: "argon2", scheme, algorithm, memoryKib, passes, parallelism, salt: saltBytes, tag: tagBytes };
}

/** `m=…,t=…,p=…`, each once, in any order. */
function readParameters(text: string): { m: number; t: number; p: number } | "malformed" | "unsupported" {
  const values = new Map<string, number>();
  for (const item of text.split(",")) {
    const [, name, value] = /^([mtp])=([1-9][0-9]{0,9})$/.exec(item) ?? [];
    if (name === undefined || value === undefined) return /^(keyid|data)=/.test(item) ? "unsupported" : "malformed";
    if (values.has(name)) return "malformed";
    values.set(name, Number(value));
  }
  const [m, t, p] = [values.get("m"), values.get("t"), values.get("p")];
  return m === undefined || t === undefined || p === undefined ? "malformed" : { m, t, p };
}

export function matchesArgon2(stored: Argon2Hash, password: Uint8Array): boolean {
  const { memoryKib, passes, parallelism } = stored;
  const tag = argon2Sync(stored.algorithm, {
    message: password,
    nonce: stored.salt,
    parallelism,
    tagLength: stored.tag.length,
    memory: memoryKib,
    passes,
  });
  return timingSafeEqual(tag, stored.tag);
}

/** Makes the hashes that go into an LDIF file, as the servers' own tools write them. RFC 2307 §5.3 has the form of them all. */
import { argon2Sync, createHash, pbkdf2Sync, randomBytes } from "node:crypto";
import type { HashScheme } from "./plan.ts";

const saltBytes = 16;

/**
 * What the OWASP Password Storage Cheat Sheet asks for at the least. A bind costs the server the same: 19 MiB for each that
 * runs at once.
 */
const argon2 = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 };
const pbkdf2 = {
  "PBKDF2-SHA256": { digest: "sha256", iterations: 600_000, keyBytes: 32 },
  "PBKDF2-SHA512": { digest: "sha512", iterations: 210_000, keyBytes: 64 },
} as const;

export function hashPassword(password: Uint8Array, scheme: HashScheme): string {
  const salt = randomBytes(saltBytes);
  switch (scheme) {
    case "SSHA": {
      const digest = createHash("sha1").update(password).update(salt).digest();
      return `{SSHA}${Buffer.concat([digest, salt]).toString("base64")}`;
    }
    case "ARGON2": {
      const tag = argon2Sync("argon2id", { ...argon2, message: password, nonce: salt });
      const { memory, passes, parallelism } = argon2;
      return `{ARGON2}$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${bare(salt)}$${bare(tag)}`;
    }
    case "PBKDF2-SHA256":
    case "PBKDF2-SHA512": {
      const { digest, iterations, keyBytes } = pbkdf2[scheme];
      const key = pbkdf2Sync(password, salt, iterations, keyBytes, digest);
      return `{${scheme}}${iterations}$${adapted(salt)}$${adapted(key)}`;
    }
  }
}

/** Of a stored password: `SSHA` of `{SSHA}…`; undefined for one without. */
export function schemeOf(stored: string): string | undefined {
  return /^\{([^{}\s]{1,32})\}/.exec(stored)?.[1]?.toUpperCase();
}

/** Base64 without padding, as the PHC string format has it. */
function bare(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}

/** passlib's adapted base64, which pw-pbkdf2 writes. */
function adapted(bytes: Uint8Array): string {
  return bare(bytes).replaceAll("+", ".");
}

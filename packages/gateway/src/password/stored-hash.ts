/**
 * A stored password as the verifier understands it: the parsed form of every scheme, what a stored value can be refused
 * for, and the costs beyond which it is refused.
 */

/** Hashes of one digest over password and salt: microseconds, done where the bind is. */
export interface DigestHash {
  readonly kind: "digest";
  readonly scheme: string;
  readonly algorithm: "md5" | "sha1" | "sha256" | "sha384" | "sha512";
  readonly digest: Uint8Array;
  /** Empty for the unsalted schemes. */
  readonly salt: Uint8Array;
}

export interface Cleartext {
  readonly kind: "cleartext";
  readonly scheme: string;
  readonly text: Uint8Array;
}

/** RFC 8018 §5.2. */
export interface Pbkdf2Hash {
  readonly kind: "pbkdf2";
  readonly scheme: string;
  readonly algorithm: "sha1" | "sha256" | "sha512";
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly derivedKey: Uint8Array;
}

/** RFC 9106, version 0x13. */
export interface Argon2Hash {
  readonly kind: "argon2";
  readonly scheme: string;
  readonly algorithm: "argon2d" | "argon2i" | "argon2id";
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Uint8Array;
  readonly tag: Uint8Array;
}

export interface BcryptHash {
  readonly kind: "bcrypt";
  readonly scheme: string;
  /** Base-2 logarithm of the number of key expansions. */
  readonly cost: number;
  /** The whole modular-crypt text, `$2b$…`. */
  readonly text: string;
}

/** `$1$`, `$5$`, `$6$`. */
export interface RoundsCryptHash {
  readonly kind: "roundsCrypt";
  readonly scheme: string;
  readonly algorithm: "md5" | "sha256" | "sha512";
  readonly rounds: number;
  readonly salt: string;
  /** What follows the last `$`. */
  readonly checksum: string;
}

export type FastHash = DigestHash | Cleartext;
/** Hashes of milliseconds and more. Plain data, so that a worker thread can be given one. */
export type SlowHash = Pbkdf2Hash | Argon2Hash | BcryptHash | RoundsCryptHash;
export type StoredHash = FastHash | SlowHash;

/**
 * Why a stored value is not compared with anything:
 * - `locked`: it says that nobody may log in with a password (`!`, `*`, `!$6$…`, as in shadow(5)).
 * - `unsupported`: a scheme that this gateway does not verify, or clear text where that is not allowed.
 * - `malformed`: a known scheme, but not a value of it.
 * - `tooCostly`: its parameters exceed {@link HashLimits}.
 */
export type HashRefusal = "locked" | "unsupported" | "malformed" | "tooCostly";

/** The costs up to which a stored hash is verified; one row must not stall or exhaust the machine. */
export interface HashLimits {
  readonly argon2MemoryKib: number;
  /** Memory times passes, which is what an Argon2 hash takes in time. */
  readonly argon2WorkKib: number;
  /** Iterations times blocks of derived key: 389-DS derives eight blocks. */
  readonly pbkdf2Iterations: number;
  readonly cryptRounds: number;
  readonly bcryptCost: number;
}

/**
 * About a second of one core each: above every default in use (Django 1,200,000 iterations, passlib 656,000 rounds,
 * Argon2 64 MiB × 3) and below what would let one row hold up everybody's logins.
 */
export const defaultHashLimits: HashLimits = {
  argon2MemoryKib: 256 * 1024,
  argon2WorkKib: 1024 * 1024,
  pbkdf2Iterations: 2_000_000,
  cryptRounds: 1_000_000,
  bcryptCost: 14,
};

/**
 * The scheme with its cost parameters, for example `{ARGON2ID} m=65536,t=3,p=4`: two hashes of one profile take the same
 * work. Holds nothing of salt or digest.
 */
export function hashProfile(hash: StoredHash): string {
  switch (hash.kind) {
    case "digest":
    case "cleartext":
      return hash.scheme;
    case "pbkdf2":
      return `${hash.scheme} i=${hash.iterations},l=${hash.derivedKey.length}`;
    case "argon2":
      return `${hash.scheme} m=${hash.memoryKib},t=${hash.passes},p=${hash.parallelism}`;
    case "bcrypt":
      return `${hash.scheme} cost=${hash.cost}`;
    case "roundsCrypt":
      return `${hash.scheme} rounds=${hash.rounds}`;
  }
}

export function isFastHash(hash: StoredHash): hash is FastHash {
  return hash.kind === "digest" || hash.kind === "cleartext";
}

/**
 * Hashes that nobody's password matches, made in the likeness of this directory's own, for binds that name nobody.
 *
 * An unknown user must take as long as a wrong password. Where all hashes are of one scheme and cost that is one dummy
 * of it. Where they are mixed, each account name is given one of the profiles by a keyed hash of the name, in proportion
 * to how many stored hashes have that profile: asked often, a name that does not exist takes the same work each time, as
 * one that exists does, and how long it takes says only what is true of the directory as a whole.
 */
import { hash, randomBytes } from "node:crypto";
import { hashProfile, type StoredHash } from "./stored-hash.ts";

interface Profile {
  readonly dummy: StoredHash;
  stored: number;
}

const maxProfiles = 32;
/** Beyond this many distinct hashes all counts are halved, so that a directory on its way to a new scheme is followed. */
const maxCounted = 8192;

export class DummyHashes {
  readonly #profiles = new Map<string, Profile>();
  readonly #counted = new Set<number>();
  readonly #key = randomBytes(16).toString("latin1");

  /** Counts a stored hash once, however often it is seen: one busy service account is still one account. */
  observe(text: string, parsed: StoredHash): void {
    const fingerprint = fnv1a(text);
    if (this.#counted.has(fingerprint)) return;
    if (this.#counted.size >= maxCounted) this.#halve();
    this.#counted.add(fingerprint);
    const name = hashProfile(parsed);
    const profile = this.#profiles.get(name);
    if (profile !== undefined) profile.stored += 1;
    else if (this.#profiles.size < maxProfiles) this.#profiles.set(name, { dummy: dummyLike(parsed), stored: 1 });
  }

  /** The same dummy for the same account until other hashes are observed; none before any is. */
  for(account: string): StoredHash | undefined {
    let total = 0;
    for (const profile of this.#profiles.values()) total += profile.stored;
    const fraction = hash("sha256", this.#key + account, "buffer").readUInt32BE(0) / 2 ** 32;
    let position = fraction * total;
    for (const profile of this.#profiles.values()) {
      position -= profile.stored;
      if (position < 0) return profile.dummy;
    }
    return undefined;
  }

  #halve(): void {
    this.#counted.clear();
    for (const [name, profile] of this.#profiles) {
      profile.stored = Math.floor(profile.stored / 2);
      if (profile.stored === 0) this.#profiles.delete(name);
    }
  }
}

/** Same scheme, parameters and lengths, but random salt and digest. */
function dummyLike(stored: StoredHash): StoredHash {
  switch (stored.kind) {
    case "digest":
      return { ...stored, digest: randomBytes(stored.digest.length), salt: randomBytes(stored.salt.length) };
    case "cleartext":
      return { ...stored, text: randomBytes(16) };
    case "pbkdf2":
      return { ...stored, salt: randomBytes(stored.salt.length), derivedKey: randomBytes(stored.derivedKey.length) };
    case "argon2":
      return { ...stored, salt: randomBytes(stored.salt.length), tag: randomBytes(stored.tag.length) };
    case "bcrypt":
      return {
        ...stored,
        text: `${stored.text.slice(0, bcryptSaltStart)}${cryptCharacters(21)}.${cryptCharacters(30)}.`,
      };
    case "roundsCrypt":
      return {
        ...stored,
        salt: cryptCharacters(stored.salt.length),
        checksum: cryptCharacters(stored.checksum.length),
      };
  }
}

/** Behind `$2b$10$` come 22 characters of salt and 31 of digest, the last of each with unused bits that must be 0. */
const bcryptSaltStart = 7;

function cryptCharacters(length: number): string {
  return randomBytes(length).toString("base64").replaceAll("+", ".").slice(0, length);
}

/** FNV-1a, 32 bits: two hashes taken for one cost nothing but a count. */
function fnv1a(text: string): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  return state;
}

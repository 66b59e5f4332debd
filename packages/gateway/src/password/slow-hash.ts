/** Compares a password with a slow hash, in the thread it is called in: what a hash worker does with one job. */
import { matchesArgon2 } from "./argon2.ts";
import { matchesBcrypt } from "./bcrypt.ts";
import { matchesPbkdf2 } from "./pbkdf2.ts";
import { matchesRoundsCrypt } from "./rounds-crypt.ts";
import type { SlowHash } from "./stored-hash.ts";

/**
 * To crypt(3) a NUL ends the password, so that "ab\0…" would log in whose password is "ab": such a password matches no
 * crypt hash, as in OpenLDAP.
 *
 * @throws what `node:crypto` throws for parameters that it refuses although they could be parsed.
 */
export function matchesSlowHash(stored: SlowHash, password: Uint8Array): boolean {
  switch (stored.kind) {
    case "pbkdf2":
      return matchesPbkdf2(stored, password);
    case "argon2":
      return matchesArgon2(stored, password);
    case "bcrypt":
      return !password.includes(0) && matchesBcrypt(stored, password);
    case "roundsCrypt":
      return !password.includes(0) && matchesRoundsCrypt(stored, password);
  }
}

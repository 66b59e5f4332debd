/** Passwords to be read out, copied and typed: groups of characters that nobody confuses. */
import { randomInt } from "node:crypto";

/** Without `l`, `o`, `I`, `O`, `0` and `1`. */
const kinds = ["abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789"] as const;
const alphabet = kinds.join("");
const groupLength = 5;
const separator = "-";
/** Four groups: about 116 bits. */
const usualLength = 23;

export interface GeneratorOptions {
  readonly minLength?: number;
  /** Where a policy allows no more. */
  readonly maxLength?: number | undefined;
  /** Whole numbers from 0 to below `limit`, all as likely; those of `node:crypto` unless told. */
  readonly random?: (limit: number) => number;
}

/**
 * `hK7pw-Rt4mz-xB9ce-u3QnD`: with a small letter, a capital, a digit, and a character that is neither, which is what policies
 * that look at kinds ask for. A policy of fewer characters than that has them all the same.
 */
export function generatePassword({ minLength = 0, maxLength, random = randomInt }: GeneratorOptions = {}): string {
  const length = Math.min(Math.max(usualLength, minLength), maxLength ?? Number.POSITIVE_INFINITY);
  for (;;) {
    let password = "";
    while (password.length < length) {
      const isBetween = password.length % (groupLength + 1) === groupLength && password.length < length - 1;
      password += isBetween ? separator : alphabet[random(alphabet.length)];
    }
    // Drawn again as a whole, so that no place is more likely to hold a kind than another.
    if (length < kinds.length || kinds.every((kind) => [...password].some((each) => kind.includes(each))))
      return password;
  }
}

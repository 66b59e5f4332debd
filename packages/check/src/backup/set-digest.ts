/** A digest of a set of things that comes out the same in whatever order they are given: entries of a tree, rows of a table. */
import { createHash } from "node:crypto";

/** How many things there are, and a digest over all of them in 64 hexadecimal digits. */
export interface Tally {
  readonly count: number;
  readonly digest: string;
}

const modulus = 1n << 256n;

/**
 * The sum of the SHA-256 of each thing, modulo 2^256. Two of the same thing count twice, as two equal rows do. It tells mistakes,
 * not malice: who may choose rows could choose some whose sums agree; a backup is protected by its signature.
 */
export class SetDigest {
  #sum = 0n;
  #count = 0;

  add(thing: Uint8Array | string): void {
    this.#sum = (this.#sum + BigInt(`0x${createHash("sha256").update(thing).digest("hex")}`)) % modulus;
    this.#count += 1;
  }

  get tally(): Tally {
    return { count: this.#count, digest: this.#sum.toString(16).padStart(64, "0") };
  }
}

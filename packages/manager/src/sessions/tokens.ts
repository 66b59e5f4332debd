/** The tokens of sessions: 256 random bits for a cookie, of which the store has a digest only, and the keys that each of them opens. */
import { createHash, hash, randomBytes } from "node:crypto";
import type { SessionKeys } from "./open-session.ts";
import type { Vault } from "./vault.ts";

const maxKnown = 10_000;

export class Tokens {
  readonly #vault: Vault;
  /** Digests of those that opened a session here lately. */
  readonly #known = new Set<string>();

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  make(): string {
    return randomBytes(32).toString("base64url");
  }

  /** As the store has it. */
  hashOf(token: string): Uint8Array {
    return new Uint8Array(createHash("sha256").update(token).digest());
  }

  /** Made of the key file's key and the token: a copy of the store and the key file opens nothing. */
  keysOf(token: string): SessionKeys {
    const csrfToken = Buffer.from(this.#vault.digest("CSRF tokens", token)).toString("base64url");
    return { csrfToken, secrets: () => this.#vault.sealingKey("passwords of sessions", token) };
  }

  /** Whether the token has opened a session here lately: without asking the store. */
  isKnown(token: string): boolean {
    return this.#known.has(knownKey(token));
  }

  /** It has opened a session, or opens none. */
  note(token: string, isOpen: boolean): void {
    if (isOpen) this.#known.add(knownKey(token));
    else this.#known.delete(knownKey(token));
    const [oldest] = this.#known.size > maxKnown ? this.#known : [];
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

function knownKey(token: string): string {
  return hash("sha256", token, "base64url");
}

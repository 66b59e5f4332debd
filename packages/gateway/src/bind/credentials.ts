/** What a user's row admits to: the stored hash that a password is verified against, or why it admits nobody. */
import type { User } from "../source/source.ts";

/** The user whose row a bind is verified against. */
export interface Credentials {
  readonly username: string;
  /** The stored hash. A secret. */
  readonly stored: string;
}

export type CredentialsRefusal = "suspended or unusable row" | "no password" | "authentication backend not available";

/**
 * `auth_backends` overrides the configured chain: where it names a backend that is not there, the password alone is not
 * what the operator asked for, and nobody gets in.
 */
export function credentialsOf(user: User): Credentials | CredentialsRefusal {
  if (!user.active) return "suspended or unusable row";
  const backends = user.authBackends?.split(",").map((name) => name.trim()) ?? [];
  if (backends.some((name) => name !== "sql" && name !== "")) return "authentication backend not available";
  return user.password === undefined ? "no password" : { username: user.username, stored: user.password };
}

/** What a user's row asks of somebody who binds as that user, or why it admits nobody. */
import type { User } from "../source/source.ts";

export const authBackends = ["sql", "notification"] as const;
type AuthBackend = (typeof authBackends)[number];

/** The user whose row a bind is verified against. */
export interface Credentials {
  readonly username: string;
  /** The stored hash. A secret. */
  readonly stored: string;
  /** Whether a person's yes is needed once the password has proved right. */
  readonly needsApproval: boolean;
}

export type CredentialsRefusal = "suspended or unusable row" | "no password" | "authentication backend not available";

/** How the directory is configured. */
export interface AuthChain {
  /** Passed by users whose row has no `auth_backends`. All must agree, and the password always goes first. */
  readonly default: readonly AuthBackend[];
  /** Whether there is anybody to ask for approvals. */
  readonly hasNotification: boolean;
}

/**
 * `auth_backends` overrides the configured chain: where it names a backend that is not there, the password alone is not
 * what the operator asked for, and nobody gets in.
 */
export function credentialsOf(user: User, chain: AuthChain): Credentials | CredentialsRefusal {
  if (!user.active) return "suspended or unusable row";
  const own = user.authBackends?.split(",").map((name) => name.trim());
  const names = own?.filter((name) => name !== "") ?? [];
  const backends: readonly string[] = names.length > 0 ? names : chain.default;
  const needsApproval = backends.includes("notification");
  if ((needsApproval && !chain.hasNotification) || backends.some((name) => !isAuthBackend(name))) {
    return "authentication backend not available";
  }
  if (user.password === undefined) return "no password";
  return { username: user.username, stored: user.password, needsApproval };
}

function isAuthBackend(name: string): name is AuthBackend {
  return (authBackends as readonly string[]).includes(name);
}

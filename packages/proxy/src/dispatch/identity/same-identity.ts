/** Whether two connections run what they are sent as the same. RFC 4513 §4. */
import type { ConnectionIdentity } from "../../upstream/connection-identity.ts";

/** Of an unknown identity nothing can be said. */
export function isSameIdentity(one: ConnectionIdentity, other: ConnectionIdentity): boolean {
  if (one.kind === "unknown" || one.kind !== other.kind) return false;
  return one.kind !== "user" || (other.kind === "user" && one.key === other.key);
}

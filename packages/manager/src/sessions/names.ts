/** Names of entries, compared as directories do: by the matching rules of the types that everybody has (RFC 4517 §4.2.15). */
import { createHash } from "node:crypto";
import { builtInSchema, isWithin, normalizeDn, ParseError, parseDn } from "@espalier/ldap";

/** `undefined` for text that is no DN. Of a type of a directory's own, values that differ in case are different. */
export function nameKey(dn: string): string | undefined {
  try {
    return normalizeDn(dn, builtInSchema);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

/** Whether they name the same entry. */
export function isSameName(one: string, other: string): boolean {
  const key = nameKey(one);
  return key !== undefined && key === nameKey(other);
}

/** Whether `dn` is at or below `base`, which is a key. */
export function isAtOrBelow(dn: string, base: string): boolean {
  const key = nameKey(dn);
  return key !== undefined && isWithin(key, base);
}

/** Whether what somebody signs in with is a DN, and not a name to look for. */
export function isDn(text: string): boolean {
  if (!text.includes("=")) return false;
  try {
    return parseDn(text).length > 0;
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}

/** Names a person of a cluster in a bounded length, however the DN is spelt. */
export function personKey(cluster: string, dn: string): string {
  return createHash("sha256")
    .update(`${cluster}\n${nameKey(dn) ?? dn}`)
    .digest("base64url");
}

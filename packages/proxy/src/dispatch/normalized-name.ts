/** Names as routing compares them. RFC 4517 §4.2.15. */
import { builtInSchema, dnKey } from "@espalier/ldap";

/** A DN normalized; a name that is none (a userPrincipalName) in lower case. */
export function normalizedName(name: string): string {
  return dnKey(name, builtInSchema) ?? name.toLowerCase();
}

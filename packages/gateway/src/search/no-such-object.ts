/** The answer for a base object that is not there: which of its superiors is. RFC 4511 §4.1.9. */
import { formatDn, LdapError, parseDn, ResultCode } from "@espalier/ldap";
import type { Snapshot } from "../snapshot/snapshot.ts";

export function noSuchObject(dn: string, snapshot: Snapshot, keyOf: (dn: string) => string): LdapError {
  const rdns = parseDn(dn);
  for (let i = 1; i < rdns.length; i++) {
    const superior = snapshot.get(keyOf(formatDn(rdns.slice(i))));
    if (superior) return new LdapError(ResultCode.noSuchObject, "", { matchedDn: superior.dn });
  }
  return new LdapError(ResultCode.noSuchObject);
}

/** The name that an entry has after a Modify DN operation. RFC 4511 §4.9. */
import { formatDn, parentDn, parseDn, parseRdn, type Rdn } from "@espalier/ldap";
import type { ModifyEntryDn } from "./change-set.ts";

/** @throws ParseError `ERR_DN` */
export function newName({ dn, newRdn, newSuperior }: Pick<ModifyEntryDn, "dn" | "newRdn" | "newSuperior">): string {
  const parent = parentDn(parseDn(dn));
  if (parent === undefined) throw new TypeError("the root DSE has no name to change");
  const above = newSuperior === undefined ? parent : parseDn(newSuperior);
  return formatDn([parseRdn(newRdn), ...above]);
}

/** @throws ParseError `ERR_DN` */
export function ownRdn(dn: string): Rdn {
  return parseDn(dn)[0] ?? [];
}

export function superiorOf(dn: string): string {
  return formatDn(parseDn(dn).slice(1));
}

/** Whether DNs that a server spells its own way mean the same. */
import { builtInSchema, dnKey } from "@espalier/ldap";

/** Of naming contexts and replica roots, whose attribute types every schema has. */
export function sameDn(one: string, other: string): boolean {
  const key = dnKey(one, builtInSchema);
  return key !== undefined && key === dnKey(other, builtInSchema);
}

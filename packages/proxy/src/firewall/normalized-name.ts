/** Names as rules compare them. RFC 4517 §4.2.15. */
import { type Dn, normalizeDn, ParseError } from "@espalier/ldap";
import { schema } from "../frame/attribute-key.ts";

/** `undefined` for what is not a DN as RFC 4514 has them; servers know more kinds of names (`<GUID=…>`, `ann@example.com`). */
export function normalizedName(name: string | Dn): string | undefined {
  try {
    return normalizeDn(name, schema);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

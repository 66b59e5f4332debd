/** `@espalier/ldap/dn`: distinguished names by themselves. */
export { ParseError, type ParseErrorCode } from "../error.ts";
export { type Ava, childDn, type Dn, parentDn, type Rdn } from "./dn.ts";
export { escapeDnValue, formatDn, formatRdn } from "./format.ts";
export { dnKey, isWithin, normalizeDn, normalizedParent, normalizeRdn } from "./normalize.ts";
export { parseDn, parseRdn } from "./parse.ts";

/** `@espalier/ldap/ldif`: LDIF by itself. */
export { defaultLdifLimits, type LdifLimits } from "./block.ts";
export { type FormatLdifOptions, formatLdifRecord, writeLdif } from "./format.ts";
export type { UrlRequest } from "./parse.ts";
export { type ParseLdifOptions, parseLdif, type ReadLdifOptions, readLdif } from "./read.ts";
export {
  type LdifAddRecord,
  type LdifChangeRecord,
  type LdifContentRecord,
  type LdifDeleteRecord,
  type LdifModifyDnRecord,
  type LdifModifyRecord,
  LdifParseError,
  type LdifRecord,
  type PlacedLdifRecord,
} from "./record.ts";

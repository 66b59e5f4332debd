/** A search filter as logs show it: without the values of secret attributes. */
import { BerReader, type Filter, formatFilter, readFilter } from "@espalier/ldap";
import type { Frame } from "../frame/frame.ts";
import { peekSearch } from "../frame/peek.ts";
import { isSecretAttribute, secretText } from "./secret-attributes.ts";

/** A longer filter is not written out: lists of a thousand names are not worth a log line each. */
const maxFilterBytes = 4096;

/** The filter of a search request in the notation of RFC 4515. @throws ParseError */
export function describeFilter(frame: Frame): string {
  const { filterStart } = peekSearch(frame);
  const reader = new BerReader(frame.bytes, filterStart, frame.opEnd);
  reader.skip();
  const filterBytes = reader.offset - filterStart;
  if (filterBytes > maxFilterBytes) return `[a filter of ${filterBytes} bytes]`;
  reader.offset = filterStart;
  return formatFilter(withoutSecrets(readFilter(reader)));
}

const secretValue = new TextEncoder().encode(secretText);

/** The filter with `[secret]` for every value that a secret attribute is compared with. */
export function withoutSecrets(filter: Filter): Filter {
  switch (filter.type) {
    case "and":
    case "or":
      return { type: filter.type, filters: filter.filters.map(withoutSecrets) };
    case "not":
      return { type: "not", filter: withoutSecrets(filter.filter) };
    case "present":
      return filter;
    case "substrings":
      if (!isSecretAttribute(filter.attribute)) return filter;
      return { ...filter, initial: secretValue, any: [], final: undefined };
    case "extensibleMatch":
      // Without an attribute it is matched against all of them.
      if (filter.attribute !== undefined && !isSecretAttribute(filter.attribute)) return filter;
      return { ...filter, value: secretValue };
    default:
      return isSecretAttribute(filter.attribute) ? { ...filter, value: secretValue } : filter;
  }
}

/** A SearchRequest out of what a caller says and the usual defaults. RFC 4511 §4.5.1. */
import type { Filter } from "../filter/filter.ts";
import { parseFilter } from "../filter/parse.ts";
import type { SearchRequest } from "../message/message.ts";

export interface SearchParameters extends Partial<Omit<SearchRequest, "type" | "baseObject" | "filter">> {
  readonly baseObject: string;
  /** A filter, or its text of RFC 4515; `(objectClass=*)` when not given. Text with values in it: the tag `filter` escapes them. */
  readonly filter?: Filter | string;
}

const everyEntry: Filter = { type: "present", attribute: "objectClass" };

/**
 * Unless said otherwise: the whole subtree, every entry, all user attributes, no limits, aliases as they are.
 *
 * @throws {ParseError} `ERR_FILTER`
 */
export function searchRequest(parameters: SearchParameters): SearchRequest {
  const { filter = everyEntry } = parameters;
  return {
    scope: "wholeSubtree",
    derefAliases: "neverDerefAliases",
    sizeLimit: 0,
    timeLimit: 0,
    typesOnly: false,
    attributes: [],
    ...parameters,
    type: "searchRequest",
    filter: typeof filter === "string" ? parseFilter(filter) : filter,
  };
}

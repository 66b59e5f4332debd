/**
 * Numbered pages of a search. A server gives pages in order only (RFC 2696), so the entries before a page are read and
 * thrown away: memory stays constant, and far pages take longer.
 */
import type { Filter } from "@espalier/ldap";
import type { SearchEntry, SearchParameters } from "@espalier/ldap/client";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { type Kind, kindFilters } from "../reading/count.ts";

const searchedAttributes = ["uid", "cn", "mail", "sn"];

/** @param text what a name, an address or the like contains */
export function searchFilter(kind: Kind | undefined, text: string): Filter {
  const parts: Filter[] = kind === undefined ? [] : [kindFilters[kind]];
  if (text !== "") {
    const any = [Buffer.from(text)];
    parts.push({
      type: "or",
      filters: searchedAttributes.map((attribute) => ({
        type: "substrings",
        attribute,
        initial: undefined,
        any,
        final: undefined,
      })),
    });
  }
  const [only] = parts;
  if (only === undefined) return { type: "present", attribute: "objectClass" };
  return parts.length === 1 ? only : { type: "and", filters: parts };
}

export interface NumberedPage {
  readonly entries: readonly SearchEntry[];
  readonly hasMore: boolean;
  /** How many entries there are in all, where the page is the last. */
  readonly total: number | undefined;
}

/** Entries that the server is asked for at a time, at most. */
const chunk = 500;

export async function readNumberedPage(
  connection: NodeConnection,
  parameters: SearchParameters,
  { page, pageSize, signal }: { readonly page: number; readonly pageSize: number; readonly signal: AbortSignal },
): Promise<NumberedPage> {
  const before = (page - 1) * pageSize;
  const paging = { pageSize: Math.min(before + pageSize + 1, chunk) };
  const entries: SearchEntry[] = [];
  let seen = 0;
  for await (const entry of connection.paged(parameters, paging, { signal }).entries()) {
    seen += 1;
    if (entries.length === pageSize) return { entries, hasMore: true, total: undefined };
    if (seen > before) entries.push(entry);
  }
  return { entries, hasMore: false, total: seen };
}

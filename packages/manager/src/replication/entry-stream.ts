/** All entries of a node, as they come, in constant memory. */
import { manageDsaITControl, pagedResultsControl } from "@espalier/ldap";
import { OperationError, type SearchEntry, type SearchParameters } from "@espalier/ldap/client";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { cookieOf, noCookie } from "../reading/page.ts";
import { type Shortfall, shortfallOf, unfollowed } from "../reading/shortfall.ts";

export interface EntryStreamOptions {
  /** In pages, where the server can: some give no more than a thousand entries otherwise. */
  readonly pages: boolean;
  readonly signal: AbortSignal;
  /** Called at the end where entries are missing that the node has. */
  readonly onShortfall: (shortfall: Shortfall) => void;
}

const pageSize = 1_000;

/** Referral objects are entries as well (RFC 3296). @throws what a search throws, but for limits of the server */
export async function* allEntries(
  connection: NodeConnection,
  parameters: SearchParameters,
  { pages, signal, onShortfall }: EntryStreamOptions,
): AsyncGenerator<SearchEntry, void, undefined> {
  const references: string[] = [];
  let cookie: Uint8Array = noCookie;
  try {
    do {
      const paging = pages ? [pagedResultsControl({ size: pageSize, cookie }, true)] : [];
      const found = connection.search(parameters, { controls: [manageDsaITControl(false), ...paging], signal });
      for await (const item of found) {
        if (item.type === "searchResultEntry") yield item;
        else if (item.type === "searchResultReference") references.push(...item.uris);
      }
      cookie = cookieOf(found.result?.controls ?? []);
    } while (cookie.length > 0);
  } catch (error) {
    const shortfall = error instanceof OperationError ? shortfallOf(error.result) : undefined;
    if (shortfall === undefined) throw error;
    onShortfall(shortfall);
  }
  const shortfall = unfollowed(references);
  if (shortfall !== undefined) onShortfall(shortfall);
}

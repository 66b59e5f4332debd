/** A snapshot served over LDAP on a real socket. */

import type { Control } from "@espalier/ldap";
import { normalizeDn, rfc2307bisSchema, type SearchRequest } from "@espalier/ldap";
import { LdapClient, OperationError, PartialSearchError, type SearchEntry } from "@espalier/ldap/client";
import { createLdapServer } from "@espalier/ldap/server";
import { LookupOnMiss } from "../../src/search/lookup-on-miss.ts";
import { Searches } from "../../src/search/search.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import { searchControls } from "../../src/tree/published.ts";

export interface SearchAnswer {
  readonly resultCode: number;
  readonly matchedDn: string;
  readonly entries: readonly SearchEntry[];
  readonly controls: readonly Control[];
}

export interface ServedSnapshot extends AsyncDisposable {
  readonly url: string;
  /** One search by a client that stays connected. */
  search(
    request: Partial<SearchRequest> & { baseObject: string },
    controls?: readonly Control[],
  ): Promise<SearchAnswer>;
}

export async function serveSnapshot(snapshot: Snapshot): Promise<ServedSnapshot> {
  const searches = new Searches({
    snapshot,
    published: new Snapshot(rfc2307bisSchema),
    keyOf: (dn) => normalizeDn(dn, rfc2307bisSchema),
    checkAccess: () => {},
    misses: new LookupOnMiss({
      schema: rfc2307bisSchema,
      keyOfUser: (username) => username,
      isServed: () => true,
      load: async () => false,
      now: Date.now,
    }),
  });
  const server = createLdapServer({
    handler: {
      search: (request, operation) => searches.search(request, operation),
      supportedControls: { search: searchControls },
    },
  });
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
  const url = `ldap://127.0.0.1:${port}`;
  const client = await LdapClient.connect({ url });
  return {
    url,
    search: (request, controls = []) => answerTo(client, request, controls),
    async [Symbol.asyncDispose]() {
      await client.unbind();
      await server.close();
    },
  };
}

/** The whole answer to a search, whatever its result code. */
export async function answerTo(
  client: LdapClient,
  request: Partial<SearchRequest> & { baseObject: string },
  controls: readonly Control[] = [],
): Promise<SearchAnswer> {
  const entries: SearchEntry[] = [];
  const stream = client.search(request, { controls });
  try {
    for await (const entry of stream.entries()) entries.push(entry);
    const { resultCode, matchedDn, controls: answered } = stream.result!;
    return { resultCode, matchedDn, entries, controls: answered };
  } catch (error) {
    if (!(error instanceof OperationError) || error instanceof PartialSearchError) throw error;
    const { resultCode, matchedDn, controls: answered } = error.result;
    return { resultCode, matchedDn, entries, controls: answered };
  }
}

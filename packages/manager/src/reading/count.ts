/** Counts entries without reading them: pages of nothing but names (`1.1`, RFC 4511 §4.5.1.8). */
import { type Filter, filter } from "@espalier/ldap";
import { PartialSearchError, type SearchParameters } from "@espalier/ldap/client";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { type Shortfall, shortfallOf, unfollowed } from "./shortfall.ts";

export interface Count {
  readonly count: number;
  /** False: there are at least so many. */
  readonly isExact: boolean;
}

export interface CountOptions {
  /** Counting stops behind it; all are counted unless set. */
  readonly atMost?: number;
  readonly signal: AbortSignal;
}

const pageSize = 1_000;

/**
 * A server's limit ends it with what was counted so far, `isExact: false` and the reason.
 *
 * @throws what a search throws, but for limits of the server
 */
export async function countEntries(
  connection: NodeConnection,
  parameters: Pick<SearchParameters, "baseObject" | "scope" | "filter">,
  { atMost = Number.POSITIVE_INFINITY, signal }: CountOptions,
): Promise<Count & { readonly shortfall: Shortfall | undefined }> {
  // A server that cannot page takes no notice of the control, and sends all names at once.
  const paging = { pageSize: Math.min(pageSize, atMost + 1), criticality: false };
  const pages = connection.paged({ ...parameters, attributes: ["1.1"], typesOnly: true }, paging, { signal });
  const references: string[] = [];
  let count = 0;
  let limit: Shortfall | undefined;
  try {
    for await (const page of pages) {
      count += page.entries.length;
      references.push(...page.references.flatMap(({ uris }) => uris));
      if (count > atMost) return { count: atMost, isExact: false, shortfall: undefined };
    }
  } catch (error) {
    if (!(error instanceof PartialSearchError)) throw error;
    limit = shortfallOf(error.result);
    if (limit === undefined) throw error;
    count += error.entries.length;
    if (count > atMost) return { count: atMost, isExact: false, shortfall: undefined };
  }
  const shortfall = limit ?? unfollowed(references);
  return { count, isExact: shortfall === undefined, shortfall };
}

/** What entries are taken for by their object classes. */
export const kindFilters = {
  users: filter`(|(objectClass=inetOrgPerson)(objectClass=posixAccount)(objectClass=account))`,
  groups: filter`(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))`,
  ous: filter`(objectClass=organizationalUnit)`,
} as const satisfies Readonly<Record<string, Filter>>;

export type Kind = keyof typeof kindFilters;
export type KindCounts = Readonly<Record<Kind | "total" | "other", Count>>;

/** Entries of a node by kind, all of them: for what compares nodes. An entry of two kinds counts in both. */
export async function countKinds(connection: NodeConnection, base: string, signal: AbortSignal): Promise<KindCounts> {
  const count = async (filter: Filter): Promise<Count> => {
    const parameters = { baseObject: base, scope: "wholeSubtree", filter } as const;
    const { count, isExact } = await countEntries(connection, parameters, { signal });
    return { count, isExact };
  };
  // One after the other: OpenLDAP keeps one paged search on a connection.
  const total = await count(filter`(objectClass=*)`);
  const users = await count(kindFilters.users);
  const groups = await count(kindFilters.groups);
  const ous = await count(kindFilters.ous);
  const other = await count({ type: "not", filter: { type: "or", filters: Object.values(kindFilters) } });
  return { total, users, groups, ous, other };
}

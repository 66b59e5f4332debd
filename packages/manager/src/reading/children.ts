/** The tree: entries right below one, with whether there are others below them. */
import { type Filter, formatDn, formatRdn, LdapError, parseDn } from "@espalier/ldap";
import type { SearchEntry } from "@espalier/ldap/client";
import type { z } from "zod";
import type { Session } from "../sessions/session.ts";
import { textOf, textsOf } from "./entry-json.ts";
import type { PagedReads, PageState } from "./paged-reads.ts";
import type { childSchema } from "./search-routes.ts";
import { completeness, type Shortfall } from "./shortfall.ts";
import type { Target } from "./target.ts";

type Child = z.input<typeof childSchema>;

const attributes = [
  ...["objectClass", "displayName", "cn", "ou", "uid", "description"],
  // X.501 §14.9.3 and 389-DS; Active Directory's is constructed for the entry that is asked for.
  ...["hasSubordinates", "numSubordinates", "msDS-Approx-Immed-Subordinates"],
];

export interface ChildrenOf {
  readonly dn: string;
  readonly filter: Filter;
  readonly sessionId: string;
  readonly limit: number;
  readonly cursor: string | undefined;
  readonly node: string | undefined;
  readonly signal: AbortSignal;
}

/** @throws ApiError */
export async function children(
  target: Target,
  pagedReads: PagedReads,
  { dn, filter, node, ...page }: ChildrenOf,
): Promise<PageState & { readonly children: Child[] }> {
  const query = { baseObject: dn, scope: "singleLevel", filter, attributes, node } as const;
  const { entries, state } = await pagedReads.read(target, { query, ...page });
  return { children: entries.map(childOf), ...state };
}

/**
 * The base DN where one is configured, else the naming contexts. One that cannot be read is there all the same: what is below
 * it may be readable.
 *
 * @throws ApiError
 */
export async function topEntries(
  { cluster, identity }: Target,
  {
    session,
    node,
    signal,
  }: { readonly session: Session; readonly node: string | undefined; readonly signal: AbortSignal },
): Promise<PageState & { readonly children: Child[] }> {
  const { namingContexts } = await cluster.facts(identity);
  const configured = cluster.config.base_dn;
  const names = configured === "" ? namingContexts : [formatDn(parseDn(configured))];
  const allowed = names.filter((dn) => session.may("read", cluster.name, dn));
  const answered = await cluster.read(
    identity,
    (connection) =>
      Promise.all(
        allowed.map(async (dn): Promise<Child> => {
          try {
            const found = await connection.searchAll({ baseObject: dn, scope: "baseObject", attributes }, { signal });
            return found.entries[0] === undefined ? unread(dn) : childOf(found.entries[0]);
          } catch (error) {
            if (error instanceof LdapError) return unread(dn);
            throw error;
          }
        }),
      ),
    { node, signal },
  );
  const hidden: Shortfall | undefined =
    allowed.length === names.length
      ? undefined
      : { problem: "Your roles do not let you see all of the tree: begin at an entry that they do.", isLimit: false };
  return { children: answered.value, node: answered.node, ...completeness(hidden) };
}

function childOf(entry: SearchEntry): Child {
  const name = ["displayName", "cn", "ou", "uid"].map((attribute) => textOf(entry, attribute)).find(Boolean);
  const description = textOf(entry, "description");
  const childCount = countOf(entry);
  return {
    dn: entry.objectName,
    rdn: rdnOf(entry.objectName),
    objectClasses: textsOf(entry, "objectClass"),
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    hasChildren: hasChildren(entry, childCount),
    ...(childCount === undefined ? {} : { childCount }),
  };
}

function unread(dn: string): Child {
  return { dn, rdn: rdnOf(dn), objectClasses: [], hasChildren: "unknown" };
}

function hasChildren(entry: SearchEntry, childCount: number | undefined): Child["hasChildren"] {
  if (childCount !== undefined) return childCount > 0 ? "yes" : "no";
  const said = textOf(entry, "hasSubordinates")?.toUpperCase();
  return said === "TRUE" ? "yes" : said === "FALSE" ? "no" : "unknown";
}

function countOf(entry: SearchEntry): number | undefined {
  const text = textOf(entry, "numSubordinates") ?? textOf(entry, "msDS-Approx-Immed-Subordinates");
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** A naming context counts as one name. */
function rdnOf(dn: string): string {
  const [rdn] = safeDn(dn);
  return rdn === undefined ? dn : formatRdn(rdn);
}

/** A server may spell names in ways of its own. */
function safeDn(dn: string) {
  try {
    return parseDn(dn);
  } catch {
    return [];
  }
}

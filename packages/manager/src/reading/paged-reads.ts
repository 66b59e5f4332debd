/** Searches read a page at a time, behind cursors. */
import { type Control, type Filter, formatFilter, Oid, type SearchScope, serverSideSortControl } from "@espalier/ldap";
import type { SearchEntry } from "@espalier/ldap/client";
import { ApiError } from "../api/problem.ts";
import { asApiError } from "../api/problem-of-error.ts";
import type { PinnedConnection } from "../clusters/cluster.ts";
import type { Cursors, Place } from "./cursors.ts";
import { noCookie, type Page, readPage } from "./page.ts";
import { beginPinned, isLoss } from "./pinned.ts";
import { type Completeness, completeness, unfollowed } from "./shortfall.ts";
import type { Target } from "./target.ts";

export interface SortBy {
  readonly attribute: string;
  readonly descending: boolean;
}

/** What is searched for; the same for every page. */
export interface Query {
  readonly baseObject: string;
  readonly scope: SearchScope;
  readonly filter: Filter;
  readonly attributes: readonly string[];
  readonly sort?: readonly SortBy[] | undefined;
  readonly node?: string | undefined;
}

export interface PageOf {
  readonly query: Query;
  readonly sessionId: string;
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly signal: AbortSignal;
}

/** What an answer says of the page beside its entries. */
export type PageState = Completeness & {
  readonly node: string;
  readonly cursor?: string;
  readonly sizeLimited?: true;
};

export interface PageRead {
  readonly entries: readonly SearchEntry[];
  readonly references: readonly string[];
  readonly state: PageState;
}

export class PagedReads {
  readonly #cursors: Cursors;

  constructor(cursors: Cursors) {
    this.#cursors = cursors;
  }

  /** @throws ApiError `gone` for a cursor that is no longer kept, or whose node was lost */
  async read(target: Target, request: PageOf): Promise<PageRead> {
    const { query, sessionId, cursor } = request;
    const owner = { sessionId, cluster: target.cluster.name, search: textOfQuery(query) };
    if (cursor !== undefined) return this.#next(this.#cursors.take(cursor, owner), request);
    const { supportedControls } = await target.cluster.facts(target.identity);
    const controls = sortControls(query.sort, supportedControls);
    const pages = supportedControls.has(Oid.pagedResults);
    const { limit: size, signal } = request;
    const parameters = searchParameters(query);
    const { pinned, value: page } = await beginPinned(
      target.cluster,
      target.identity,
      { node: query.node, signal },
      (connection) => readPage(connection, { parameters, controls, size, cookie: noCookie, pages, signal }),
    );
    return this.#read(page, { owner, pinned, parameters, controls });
  }

  async #next(place: Place, { limit: size, signal }: PageOf): Promise<PageRead> {
    const { connection } = place.pinned;
    try {
      return this.#read(await readPage(connection, { ...place, size, pages: true, signal }), place);
    } catch (error) {
      place.pinned.release();
      if (isLoss(error)) {
        throw new ApiError("gone", `${connection.node}, which was being read from, was lost: search anew.`, {
          cause: error,
        });
      }
      throw asApiError(error, connection.node);
    }
  }

  #read({ entries, references, cookie, shortfall }: Page, place: Omit<Place, "cookie">): PageRead {
    const cursor = this.#continue(place, cookie);
    const state = {
      node: place.pinned.connection.node,
      ...completeness(shortfall, unfollowed(references)),
      ...(cursor === undefined ? {} : { cursor }),
      ...(shortfall?.isLimit === true ? { sizeLimited: true as const } : {}),
    };
    return { entries, references, state };
  }

  #continue(
    place: { readonly pinned: PinnedConnection } & Omit<Place, "cookie">,
    cookie: Uint8Array,
  ): string | undefined {
    if (cookie.length > 0) return this.#cursors.keep({ ...place, cookie });
    place.pinned.release();
    return undefined;
  }
}

export function searchParameters({ baseObject, scope, filter, attributes }: Query) {
  return { baseObject, scope, filter, attributes };
}

/** RFC 2891. @throws ApiError where the server does not sort */
export function sortControls(sort: readonly SortBy[] | undefined, supported: ReadonlySet<string>): readonly Control[] {
  if (sort === undefined) return [];
  if (!supported.has(Oid.serverSideSortRequest)) {
    const message = "This server does not sort. Leave `sort` out, and sort what comes.";
    throw new ApiError("invalid_request", message, { errors: [{ path: "sort", message }] });
  }
  const keys = sort.map(({ attribute, descending }) => ({
    attribute,
    orderingRule: undefined,
    reverseOrder: descending,
  }));
  return [serverSideSortControl(keys, true)];
}

function textOfQuery({ filter, ...query }: Query): string {
  return JSON.stringify({ ...query, filter: formatFilter(filter) });
}

/** One page of a search by simple paged results, RFC 2696; the caller keeps the cookie, and the connection it belongs to. */
import { type Control, decodePagedResults, findControl, Oid, pagedResultsControl } from "@espalier/ldap";
import { PartialSearchError, type SearchEntry, type SearchParameters } from "@espalier/ldap/client";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { type Shortfall, shortfallOf } from "./shortfall.ts";

export const noCookie = new Uint8Array(0);

export interface PageRequest {
  readonly parameters: SearchParameters;
  /** A sort, for instance: the same for every page. */
  readonly controls: readonly Control[];
  readonly size: number;
  /** Empty for the first page. */
  readonly cookie: Uint8Array;
  /** False for a server without the control: it is asked for as many entries as a page has, and there is no next one. */
  readonly pages: boolean;
  readonly signal: AbortSignal;
}

export interface Page {
  readonly entries: readonly SearchEntry[];
  readonly references: readonly string[];
  /** Empty: there is nothing more to be had. */
  readonly cookie: Uint8Array;
  readonly shortfall: Shortfall | undefined;
}

/** @throws what {@link NodeConnection.searchAll} throws, but for limits of the server */
export async function readPage(connection: NodeConnection, request: PageRequest): Promise<Page> {
  const { parameters, controls, size, cookie, pages, signal } = request;
  const paging = pages ? [pagedResultsControl({ size, cookie }, true)] : [];
  try {
    const { entries, references, result } = await connection.searchAll(
      pages ? parameters : { ...parameters, sizeLimit: size },
      { controls: [...controls, ...paging], signal },
    );
    return { entries, references: uris(references), cookie: cookieOf(result.controls), shortfall: undefined };
  } catch (error) {
    if (!(error instanceof PartialSearchError)) throw error;
    const shortfall = shortfallOf(error.result);
    if (shortfall === undefined) throw error;
    const { entries, references } = error;
    const isCutByUs = !pages && shortfall.isLimit && entries.length >= size;
    return {
      entries,
      references: uris(references),
      cookie: noCookie,
      shortfall: isCutByUs ? cannotPage(size) : shortfall,
    };
  }
}

/** Lets the server forget the search, RFC 2696 §3: a size of 0. It would forget it in the end without that too. */
export async function forgetSearch(
  connection: NodeConnection,
  { parameters, controls, cookie }: Pick<PageRequest, "parameters" | "controls" | "cookie">,
): Promise<void> {
  const paging = pagedResultsControl({ size: 0, cookie }, true);
  await connection.searchAll(parameters, { controls: [...controls, paging], timeoutMs: 5_000 }).catch(() => undefined);
}

/** Of the answer to a search with the paging control; empty where there was none in it, or it is the last page's. */
export function cookieOf(controls: readonly Control[]): Uint8Array {
  const control = findControl(controls, Oid.pagedResults);
  return control === undefined ? noCookie : decodePagedResults(control).cookie;
}

function cannotPage(size: number): Shortfall {
  const problem = `This server cannot page, so these are the first ${size} that it gave: narrow the search, or stream it.`;
  return { problem, isLimit: true };
}

function uris(references: readonly { readonly uris: readonly string[] }[]): string[] {
  return references.flatMap((reference) => reference.uris);
}

/** A search in pages, RFC 2696. */
import { findControl } from "../controls/control-value.ts";
import { decodePagedResults, pagedResultsControl } from "../controls/paged-results.ts";
import type { Control } from "../message/message.ts";
import { Oid } from "../oid.ts";
import { PartialSearchError } from "./result.ts";
import type { SearchEntry } from "./search-entry.ts";
import { collectSearch, type SearchResult } from "./search-result.ts";
import type { SearchStream } from "./search-stream.ts";

export interface PagingOptions {
  /** Entries a page, at least 1; a server may give fewer. */
  readonly pageSize: number;
  /** `true` when not given: a server that cannot page then refuses, where it would otherwise send everything at once. */
  readonly criticality?: boolean;
}

export interface SearchPage extends SearchResult {
  /** The server's estimate of the number of all entries; 0 where it has none. */
  readonly estimatedSize: number;
}

const noCookie = new Uint8Array(0);

/**
 * Iterates over pages; `entries()` over the entries in them. A page is asked for when the one before has been read, and the
 * server is told when a loop is left early. Each loop searches anew.
 *
 * @throws {PartialSearchError} with the entries of the page that failed; `entries()` gives them before it throws.
 */
export class PagedSearch implements AsyncIterable<SearchPage> {
  readonly #search: (control: Control) => SearchStream;
  readonly #options: PagingOptions;

  /** `search` begins one search with the paging control added. */
  constructor(search: (control: Control) => SearchStream, options: PagingOptions) {
    if (!Number.isInteger(options.pageSize) || options.pageSize < 1) {
      throw new RangeError("pageSize must be a whole number of at least 1.");
    }
    this.#search = search;
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SearchPage, void, undefined> {
    const { pageSize, criticality = true } = this.#options;
    let cookie: Uint8Array = noCookie;
    let isLeftEarly = false;
    try {
      do {
        const page = await collectSearch(this.#search(pagedResultsControl({ size: pageSize, cookie }, criticality)));
        const control = findControl(page.result.controls, Oid.pagedResults);
        // A server that took no notice of the control has sent everything.
        const paging = control === undefined ? { size: 0, cookie: noCookie } : decodePagedResults(control);
        cookie = paging.cookie;
        isLeftEarly = cookie.length > 0;
        yield { ...page, estimatedSize: paging.size };
        isLeftEarly = false;
      } while (cookie.length > 0);
    } finally {
      if (isLeftEarly) await this.#giveUp(cookie);
    }
  }

  async *entries(): AsyncGenerator<SearchEntry, void, undefined> {
    try {
      for await (const page of this) yield* page.entries;
    } catch (error) {
      if (error instanceof PartialSearchError) yield* error.entries;
      throw error;
    }
  }

  /** A size of 0 with a cookie lets the server forget the search, RFC 2696 §3; it forgets it in the end without that too. */
  async #giveUp(cookie: Uint8Array): Promise<void> {
    const { criticality = true } = this.#options;
    await collectSearch(this.#search(pagedResultsControl({ size: 0, cookie }, criticality))).catch(() => {});
  }
}

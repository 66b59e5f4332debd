/** A whole search result in memory. */
import { OperationError, PartialSearchError } from "./result.ts";
import type { SearchEntry } from "./search-entry.ts";
import type { SearchDone, SearchReference, SearchStream } from "./search-stream.ts";

export interface SearchResult {
  readonly entries: readonly SearchEntry[];
  readonly references: readonly SearchReference[];
  readonly result: SearchDone;
}

/**
 * Reads a search to its end. Intermediate responses are passed over.
 *
 * @throws {PartialSearchError} with what came before a result other than success.
 */
export async function collectSearch(stream: SearchStream): Promise<SearchResult> {
  const entries: SearchEntry[] = [];
  const references: SearchReference[] = [];
  try {
    for await (const item of stream) {
      if (item.type === "searchResultEntry") entries.push(item);
      else if (item.type === "searchResultReference") references.push(item);
    }
  } catch (error) {
    throw error instanceof OperationError ? new PartialSearchError(error.result, entries, references) : error;
  }
  // The loop ends without an error only behind a SearchResultDone.
  return { entries, references, result: stream.result! };
}

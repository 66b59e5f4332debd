/** The controls that order and divide a search's result, asked and answered: sorting (RFC 2891) and pages (RFC 2696). */
import {
  type Control,
  decodePagedResults,
  decodeServerSideSort,
  LdapError,
  Oid,
  ParseError,
  pagedResultsControl,
  ResultCode,
  type Schema,
  type SearchRequest,
  sortResultControl,
} from "@espalier/ldap";
import type { Entry } from "../snapshot/entry.ts";
import { decodePageCookie, encodePageCookie, type PagePosition, searchId } from "./page-cookie.ts";
import { type SortOrder, sortOrder } from "./sort-order.ts";

export interface Page {
  /** Entries on this page, at most. */
  readonly size: number;
  /** Behind what it starts; undefined for the first page. */
  readonly position: PagePosition | undefined;
  /** The client wants no further page: RFC 2696 §3, a size of zero. */
  readonly isAbandoned: boolean;
}

export class ResultControls {
  readonly order: SortOrder | undefined;
  readonly page: Page | undefined;
  /** RFC 2891 §2: a critical sort that cannot be done ends the search, with the sort result beside it. */
  readonly refusal: LdapError | undefined;
  readonly #search: () => string;
  readonly #sortResult: Control[] = [];
  /** Of the last entry sent, as it was then. */
  #last: Pick<PagePosition, "key" | "sortKeys"> = { key: "", sortKeys: [] };

  /** @throws LdapError for a control that is malformed, or a cookie of another search. */
  constructor(request: SearchRequest, controls: readonly Control[], schema: Schema) {
    const sort = controls.find((control) => control.controlType === Oid.serverSideSortRequest);
    this.#search = () => searchId(request, sort);
    if (sort) {
      const result = requestedOrder(sort, schema);
      const refusal = result instanceof LdapError ? result : undefined;
      if (!(result instanceof LdapError)) this.order = result;
      else if (sort.criticality) {
        this.refusal = new LdapError(ResultCode.unavailableCriticalExtension, result.diagnosticMessage);
      }
      this.#sortResult.push(
        sortResultControl({ resultCode: refusal?.resultCode ?? ResultCode.success, attribute: undefined }),
      );
    }
    const paged = controls.find((control) => control.controlType === Oid.pagedResults);
    if (paged) this.page = requestedPage(paged, request, this.#search);
  }

  sent(entry: Entry): void {
    if (this.page) this.#last = { key: entry.key, sortKeys: this.order?.keysOf(entry) ?? [] };
  }

  /** For a page with more behind it, after `sent` entries on it. */
  next(sent: number): Control[] {
    const position = { sent: (this.page?.position?.sent ?? 0) + sent, ...this.#last };
    return [pagedResultsControl({ size: 0, cookie: encodePageCookie(this.#search(), position) }), ...this.#sortResult];
  }

  /** For the end of the result. */
  last(): Control[] {
    return this.page
      ? [pagedResultsControl({ size: 0, cookie: new Uint8Array() }), ...this.#sortResult]
      : this.#sortResult;
  }
}

/** The order, or why there is none. */
function requestedOrder(control: Control, schema: Schema): SortOrder | LdapError {
  const keys = decoded(() => decodeServerSideSort(control));
  try {
    return sortOrder(keys, schema);
  } catch (error) {
    if (error instanceof LdapError) return error;
    throw error;
  }
}

function requestedPage(control: Control, request: SearchRequest, search: () => string): Page | undefined {
  const { size, cookie } = decoded(() => decodePagedResults(control));
  const position = cookie.length > 0 ? decodePageCookie(search(), cookie) : undefined;
  if (cookie.length > 0 && !position) {
    throw new LdapError(
      ResultCode.unwillingToPerform,
      "The paged results cookie is not one of this search; start again.",
    );
  }
  // RFC 2696 §3: with no more entries allowed than fit on one page, there is nothing to divide.
  if (cookie.length === 0 && request.sizeLimit > 0 && size >= request.sizeLimit) return undefined;
  return { size, position, isAbandoned: size === 0 };
}

/** A control value that cannot be read is the client's error. RFC 4511 §4.1.11. */
function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof ParseError) throw new LdapError(ResultCode.protocolError, error.message);
    throw error;
  }
}

/** The public names of `@espalier/ldap/client`. */
export { attribute } from "./attribute.ts";
export {
  type Authorization,
  type BindOptions,
  type CompareResult,
  type ExtendedOptions,
  LdapClient,
  type LdapClientEvents,
  type NewRdn,
  type PasswordModifyResult,
  type WhoAmIResult,
} from "./client.ts";
export type { ConnectOptions, ConnectTarget } from "./connect-options.ts";
export { type Endpoint, formatEndpoint, parseEndpoint } from "./endpoint.ts";
export { LdapClientError, type LdapClientErrorCode } from "./error.ts";
export { PagedSearch, type PagingOptions, type SearchPage } from "./paged-search.ts";
export { LdapPool, type LdapPoolOptions } from "./pool.ts";
export type { OperationIntermediate, OperationOptions } from "./request.ts";
export { OperationError, type OperationResult, PartialSearchError } from "./result.ts";
export { SearchEntry } from "./search-entry.ts";
export type { SearchParameters } from "./search-request.ts";
export type { SearchResult } from "./search-result.ts";
export { type SearchDone, type SearchItem, type SearchReference, SearchStream } from "./search-stream.ts";
export type { TlsOptions } from "./socket.ts";

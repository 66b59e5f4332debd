/** `@espalier/ldap`: everything of LDAP v3 that needs no socket, and so works in a browser too. */

// BER: for controls and extended operations of your own.
export { BerReader } from "./ber/reader.ts";
export * as BerTag from "./ber/tag.ts";
export { BerWriter, encodeBer } from "./ber/writer.ts";

// Attributes out of text
export { attribute } from "./client/attribute.ts";

// Controls
export { assertionControl, decodeAssertion } from "./controls/assertion.ts";
export {
  decodeSyncDone,
  decodeSyncRequest,
  decodeSyncState,
  E_SYNC_REFRESH_REQUIRED,
  type SyncDone,
  type SyncRequest,
  type SyncState,
  syncDoneControl,
  syncRequestControl,
  syncStateControl,
} from "./controls/content-sync.ts";
export { findControl } from "./controls/control-value.ts";
export { decodeManageDsaIT, manageDsaITControl } from "./controls/manage-dsa-it.ts";
export { decodePagedResults, type PagedResults, pagedResultsControl } from "./controls/paged-results.ts";
export {
  decodePasswordPolicy,
  decodePasswordPolicyResponse,
  type PasswordPolicyError,
  type PasswordPolicyResponse,
  type PasswordPolicyWarning,
  passwordPolicyControl,
  passwordPolicyResponseControl,
} from "./controls/password-policy.ts";
export { decodeProxiedAuthorization, proxiedAuthorizationControl } from "./controls/proxied-authorization.ts";
export {
  decodePostRead,
  decodePostReadResponse,
  decodePreRead,
  decodePreReadResponse,
  postReadControl,
  postReadResponseControl,
  preReadControl,
  preReadResponseControl,
} from "./controls/read-entry.ts";
export {
  decodeServerSideSort,
  decodeSortResult,
  type SortKey,
  type SortResult,
  serverSideSortControl,
  sortResultControl,
} from "./controls/server-side-sort.ts";
export { decodeSubentries, subentriesControl } from "./controls/subentries.ts";
export {
  decodeVirtualListView,
  decodeVirtualListViewResponse,
  type VirtualListViewRequest,
  type VirtualListViewResponse,
  VirtualListViewResultCode,
  type VirtualListViewTarget,
  virtualListViewControl,
  virtualListViewResponseControl,
} from "./controls/virtual-list-view.ts";

// Distinguished names, and what is thrown for whatever cannot be parsed
export * from "./dn/index.ts";

// Errors and result codes
export { LdapError } from "./error.ts";

// Extended operations
export { cancelRequest, decodeCancelRequest } from "./extended/cancel.ts";
export { isNoticeOfDisconnection, noticeOfDisconnection } from "./extended/notice-of-disconnection.ts";
export {
  decodePasswordModifyRequest,
  decodePasswordModifyResponse,
  type PasswordModify,
  passwordModifyRequest,
  passwordModifyResponse,
} from "./extended/password-modify.ts";
export { startTlsRequest, startTlsResponse } from "./extended/start-tls.ts";
export { decodeSyncInfo, type SyncInfo, syncInfoResponse } from "./extended/sync-info.ts";
export { decodeWhoAmIResponse, whoAmIRequest, whoAmIResponse } from "./extended/who-am-i.ts";

// Filters
export { type CompiledFilter, compileFilter, matchesFilter } from "./filter/compile.ts";
export type {
  AttributeValueAssertionFilter,
  ExtensibleMatchFilter,
  Filter,
  SubstringsFilter,
} from "./filter/filter.ts";
export { escapeFilterValue, formatFilter } from "./filter/format.ts";
export { defaultFilterLimits, type FilterLimits, parseFilter } from "./filter/parse.ts";
export { type Entry, entryTarget, type FilterTarget } from "./filter/target.ts";
export { filter } from "./filter/template.ts";

// LDIF
export * from "./ldif/index.ts";

// Messages
export { decodeMessage, MessageParseError } from "./message/decode.ts";
export {
  encodeMessage,
  encodeProtocolOp,
  writeEncodedMessage,
  writeMessage,
  writeProtocolOp,
} from "./message/encode.ts";
export { type DecodeLimits, defaultDecodeLimits, readFilter, writeFilter } from "./message/filter-codec.ts";
export { messageLength } from "./message/framing.ts";
export type {
  AbandonRequest,
  AddRequest,
  AddResponse,
  Authentication,
  BindRequest,
  BindResponse,
  Change,
  CompareRequest,
  CompareResponse,
  Control,
  DelRequest,
  DelResponse,
  DerefAliases,
  ExtendedRequest,
  ExtendedResponse,
  IntermediateResponse,
  LdapMessage,
  LdapResult,
  ModifyDnRequest,
  ModifyDnResponse,
  ModifyRequest,
  ModifyResponse,
  PartialAttribute,
  ProtocolOp,
  RequestOp,
  ResponseOp,
  SearchRequest,
  SearchResultDone,
  SearchResultEntry,
  SearchResultReference,
  SearchScope,
  UnbindRequest,
} from "./message/message.ts";
export { type FinalResponseType, finalResponseTypeOf, OpTag, type OpType, opTypeOf } from "./message/op-tag.ts";
export { Oid } from "./oid.ts";
// Replication
export {
  type Csn,
  directory389Csn,
  openLdapCsn,
  type ReplicaPosition,
} from "./replication/csn.ts";
export {
  parseContextCsn,
  parseRuv,
  parseRuvGeneration,
  type ReplicaVector,
} from "./replication/replica-vector.ts";
export { ResultCode, resultCodeName } from "./result-code.ts";

// Schema
export * from "./schema/index.ts";
export { rfc2307bisSchema } from "./schema/rfc2307bis-schema.ts";
export {
  formatLdapUrl,
  type LdapUrl,
  type LdapUrlExtension,
  type LdapUrlScheme,
  parseLdapUrl,
} from "./url.ts";

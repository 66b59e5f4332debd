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

// Distinguished names
export { type Ava, childDn, type Dn, parentDn, type Rdn } from "./dn/dn.ts";
export { escapeDnValue, formatDn, formatRdn } from "./dn/format.ts";
export { dnKey, isWithin, normalizeDn, normalizedParent, normalizeRdn } from "./dn/normalize.ts";
export { parseDn, parseRdn } from "./dn/parse.ts";

// Errors and result codes
export { LdapError, ParseError, type ParseErrorCode } from "./error.ts";

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
export { defaultLdifLimits, type LdifLimits } from "./ldif/block.ts";
export { type FormatLdifOptions, formatLdifRecord, writeLdif } from "./ldif/format.ts";
export type { UrlRequest } from "./ldif/parse.ts";
export { type ParseLdifOptions, parseLdif, type ReadLdifOptions, readLdif } from "./ldif/read.ts";
export {
  type LdifAddRecord,
  type LdifChangeRecord,
  type LdifContentRecord,
  type LdifDeleteRecord,
  type LdifModifyDnRecord,
  type LdifModifyRecord,
  LdifParseError,
  type LdifRecord,
  type PlacedLdifRecord,
} from "./ldif/record.ts";

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
export {
  type AttributeDescription,
  isAttributeType,
  isDescr,
  isNumericOid,
  parseAttributeDescription,
} from "./schema/attribute-description.ts";
export type { AttributeType } from "./schema/attribute-type.ts";
export { builtInSchema } from "./schema/built-in-schema.ts";
export type {
  AttributeTypeDefinition,
  AttributeUsage,
  DefinitionExtension,
  DitContentRuleDefinition,
  DitStructureRuleDefinition,
  LdapSyntaxDefinition,
  MatchingRuleDefinition,
  MatchingRuleUseDefinition,
  NameFormDefinition,
  ObjectClassDefinition,
  ObjectClassKind,
} from "./schema/definition.ts";
export type { SchemaProblem } from "./schema/definition-set.ts";
export {
  formatAttributeType,
  formatDitContentRule,
  formatDitStructureRule,
  formatLdapSyntax,
  formatMatchingRule,
  formatMatchingRuleUse,
  formatNameForm,
  formatObjectClass,
} from "./schema/format-definition.ts";
export type {
  EqualityRule,
  MatchingRule,
  OrderingRule,
  PredicateRule,
  SubstringPosition,
  SubstringsRule,
} from "./schema/matching-rule.ts";
export {
  parseAttributeType,
  parseDitContentRule,
  parseDitStructureRule,
  parseLdapSyntax,
  parseMatchingRule,
  parseMatchingRuleUse,
  parseNameForm,
  parseObjectClass,
} from "./schema/parse-definition.ts";
export { rfc2307bisSchema } from "./schema/rfc2307bis-schema.ts";
export { matchingRuleUses } from "./schema/rule-use.ts";
export { type ResolvedDescription, Schema, type SubschemaDefinitions } from "./schema/schema.ts";
export { SyntaxOid } from "./schema/syntax-oid.ts";
export {
  formatLdapUrl,
  type LdapUrl,
  type LdapUrlExtension,
  type LdapUrlScheme,
  parseLdapUrl,
} from "./url.ts";

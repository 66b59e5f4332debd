/** LDAP messages as data: every protocol operation of RFC 4511 §4, both directions. */
import type { Filter } from "../filter/filter.ts";

/** RFC 4511 §4.1.1. `messageId` is 0 only in unsolicited notifications. */
export interface LdapMessage<Op extends ProtocolOp = ProtocolOp> {
  readonly messageId: number;
  readonly protocolOp: Op;
  readonly controls: readonly Control[];
}

/** RFC 4511 §4.1.11. `controlType` is the OID. `controlValue` is `undefined` when absent, which is not the same as empty. */
export interface Control {
  readonly controlType: string;
  readonly criticality: boolean;
  readonly controlValue: Uint8Array | undefined;
}

/** RFC 4511 §4.1.7: `type` is an attribute description; `values` may be empty (types only). */
export interface PartialAttribute {
  readonly type: string;
  readonly values: readonly Uint8Array[];
}

/** RFC 4511 §4.1.9. `referral` is empty when there is none. */
export interface LdapResult {
  readonly resultCode: number;
  readonly matchedDn: string;
  readonly diagnosticMessage: string;
  readonly referral: readonly string[];
}

export type SearchScope = "baseObject" | "singleLevel" | "wholeSubtree";
export type DerefAliases = "neverDerefAliases" | "derefInSearching" | "derefFindingBaseObj" | "derefAlways";

export type Authentication =
  | { readonly type: "simple"; readonly password: Uint8Array }
  | { readonly type: "sasl"; readonly mechanism: string; readonly credentials: Uint8Array | undefined };

export interface BindRequest {
  readonly type: "bindRequest";
  readonly version: number;
  readonly name: string;
  readonly authentication: Authentication;
}
export interface BindResponse extends LdapResult {
  readonly type: "bindResponse";
  readonly serverSaslCreds: Uint8Array | undefined;
}
export interface UnbindRequest {
  readonly type: "unbindRequest";
}
/** `sizeLimit` in entries, `timeLimit` in seconds; 0 is no limit. `attributes` is the attribute selection. */
export interface SearchRequest {
  readonly type: "searchRequest";
  readonly baseObject: string;
  readonly scope: SearchScope;
  readonly derefAliases: DerefAliases;
  readonly sizeLimit: number;
  readonly timeLimit: number;
  readonly typesOnly: boolean;
  readonly filter: Filter;
  readonly attributes: readonly string[];
}
export interface SearchResultEntry {
  readonly type: "searchResultEntry";
  readonly objectName: string;
  readonly attributes: readonly PartialAttribute[];
}
export interface SearchResultReference {
  readonly type: "searchResultReference";
  readonly uris: readonly string[];
}
export interface SearchResultDone extends LdapResult {
  readonly type: "searchResultDone";
}
/** RFC 4511 §4.6 and `increment`, RFC 4525. */
export interface Change {
  readonly operation: "add" | "delete" | "replace" | "increment";
  readonly modification: PartialAttribute;
}
export interface ModifyRequest {
  readonly type: "modifyRequest";
  readonly object: string;
  readonly changes: readonly Change[];
}
export interface ModifyResponse extends LdapResult {
  readonly type: "modifyResponse";
}
export interface AddRequest {
  readonly type: "addRequest";
  readonly entry: string;
  readonly attributes: readonly PartialAttribute[];
}
export interface AddResponse extends LdapResult {
  readonly type: "addResponse";
}
export interface DelRequest {
  readonly type: "delRequest";
  readonly entry: string;
}
export interface DelResponse extends LdapResult {
  readonly type: "delResponse";
}
export interface ModifyDnRequest {
  readonly type: "modifyDnRequest";
  readonly entry: string;
  readonly newRdn: string;
  readonly deleteOldRdn: boolean;
  readonly newSuperior: string | undefined;
}
export interface ModifyDnResponse extends LdapResult {
  readonly type: "modifyDnResponse";
}
export interface CompareRequest {
  readonly type: "compareRequest";
  readonly entry: string;
  readonly attribute: string;
  readonly value: Uint8Array;
}
export interface CompareResponse extends LdapResult {
  readonly type: "compareResponse";
}
export interface AbandonRequest {
  readonly type: "abandonRequest";
  readonly messageId: number;
}
export interface ExtendedRequest {
  readonly type: "extendedRequest";
  readonly requestName: string;
  readonly requestValue: Uint8Array | undefined;
}
export interface ExtendedResponse extends LdapResult {
  readonly type: "extendedResponse";
  readonly responseName: string | undefined;
  readonly responseValue: Uint8Array | undefined;
}
export interface IntermediateResponse {
  readonly type: "intermediateResponse";
  readonly responseName: string | undefined;
  readonly responseValue: Uint8Array | undefined;
}

export type RequestOp =
  | BindRequest
  | UnbindRequest
  | SearchRequest
  | ModifyRequest
  | AddRequest
  | DelRequest
  | ModifyDnRequest
  | CompareRequest
  | AbandonRequest
  | ExtendedRequest;

export type ResponseOp =
  | BindResponse
  | SearchResultEntry
  | SearchResultReference
  | SearchResultDone
  | ModifyResponse
  | AddResponse
  | DelResponse
  | ModifyDnResponse
  | CompareResponse
  | ExtendedResponse
  | IntermediateResponse;

export type ProtocolOp = RequestOp | ResponseOp;

/** A connection to one node as one person, lent for a piece of work. Every operation carries the identity's controls. */
import type { Change, Control, PartialAttribute } from "@espalier/ldap";
import type {
  CompareResult,
  LdapClient,
  NewRdn,
  OperationOptions,
  OperationResult,
  PagedSearch,
  PagingOptions,
  PasswordModifyResult,
  SearchParameters,
  SearchResult,
  SearchStream,
} from "@espalier/ldap/client";

export class NodeConnection {
  /** The node's name in configuration and answers. */
  readonly node: string;
  readonly #client: LdapClient;
  readonly #controls: readonly Control[];

  constructor(node: string, client: LdapClient, controls: readonly Control[]) {
    this.node = node;
    this.#client = client;
    this.#controls = controls;
  }

  search(parameters: SearchParameters, options?: OperationOptions): SearchStream {
    return this.#client.search(parameters, this.#with(options));
  }
  searchAll(parameters: SearchParameters, options?: OperationOptions): Promise<SearchResult> {
    return this.#client.searchAll(parameters, this.#with(options));
  }
  paged(parameters: SearchParameters, paging: PagingOptions, options?: OperationOptions): PagedSearch {
    return this.#client.paged(parameters, paging, this.#with(options));
  }
  add(dn: string, attributes: readonly PartialAttribute[], options?: OperationOptions): Promise<OperationResult> {
    return this.#client.add(dn, attributes, this.#with(options));
  }
  modify(dn: string, changes: readonly Change[], options?: OperationOptions): Promise<OperationResult> {
    return this.#client.modify(dn, changes, this.#with(options));
  }
  modifyDn(dn: string, newRdn: NewRdn, options?: OperationOptions): Promise<OperationResult> {
    return this.#client.modifyDn(dn, newRdn, this.#with(options));
  }
  del(dn: string, options?: OperationOptions): Promise<OperationResult> {
    return this.#client.del(dn, this.#with(options));
  }
  compare(
    dn: string,
    attribute: string,
    value: string | Uint8Array,
    options?: OperationOptions,
  ): Promise<CompareResult> {
    return this.#client.compare(dn, attribute, value, this.#with(options));
  }
  passwordModify(
    passwords: { userIdentity?: string; oldPasswd?: string | Uint8Array; newPasswd?: string | Uint8Array },
    options?: OperationOptions,
  ): Promise<PasswordModifyResult> {
    return this.#client.passwordModify(passwords, this.#with(options));
  }

  #with(options: OperationOptions = {}): OperationOptions {
    return { ...options, controls: [...this.#controls, ...(options.controls ?? [])] };
  }
}

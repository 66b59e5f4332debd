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
  #writesSent = 0;

  constructor(node: string, client: LdapClient, controls: readonly Control[]) {
    this.node = node;
    this.#client = client;
    this.#controls = controls;
  }

  /** Operations that change something and that the server may have got, answered or not. */
  get writesSent(): number {
    return this.#writesSent;
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
    return this.#write(options, (sent) => this.#client.add(dn, attributes, sent));
  }
  modify(dn: string, changes: readonly Change[], options?: OperationOptions): Promise<OperationResult> {
    return this.#write(options, (sent) => this.#client.modify(dn, changes, sent));
  }
  modifyDn(dn: string, newRdn: NewRdn, options?: OperationOptions): Promise<OperationResult> {
    return this.#write(options, (sent) => this.#client.modifyDn(dn, newRdn, sent));
  }
  del(dn: string, options?: OperationOptions): Promise<OperationResult> {
    return this.#write(options, (sent) => this.#client.del(dn, sent));
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
    return this.#write(options, (sent) => this.#client.passwordModify(passwords, sent));
  }

  /** What is refused on this side is not sent: on a connection that has ended, or after the signal. */
  #write<T>(options: OperationOptions | undefined, send: (options: OperationOptions) => Promise<T>): Promise<T> {
    if (this.#client.closeReason === undefined && options?.signal?.aborted !== true) this.#writesSent += 1;
    return send(this.#with(options));
  }

  #with(options: OperationOptions = {}): OperationOptions {
    return { ...options, controls: [...this.#controls, ...(options.controls ?? [])] };
  }
}

/** An LDAP client: one connection, which never comes back by itself. RFC 4511 §4. */
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { LdapError } from "../error.ts";
import { cancelRequest } from "../extended/cancel.ts";
import {
  decodePasswordModifyResponse,
  type PasswordModify,
  passwordModifyRequest,
} from "../extended/password-modify.ts";
import { startTlsRequest } from "../extended/start-tls.ts";
import { decodeWhoAmIResponse, whoAmIRequest } from "../extended/who-am-i.ts";
import type {
  AddResponse,
  BindRequest,
  BindResponse,
  Change,
  CompareResponse,
  DelResponse,
  ExtendedResponse,
  ModifyDnRequest,
  ModifyDnResponse,
  ModifyResponse,
  PartialAttribute,
} from "../message/message.ts";
import { Oid } from "../oid.ts";
import { ResultCode } from "../result-code.ts";
import { toBytes } from "./attribute.ts";
import {
  type ConnectOptions,
  connectEndpoint,
  defaultConnectOptions,
  openEndpoint,
  withConnectTimeout,
} from "./connect-options.ts";
import { type AnsweredRequest, Connection } from "./connection.ts";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import { LdapClientError } from "./error.ts";
import { PagedSearch, type PagingOptions } from "./paged-search.ts";
import { type OperationIntermediate, type OperationOptions, type RequestContext, sendRequest } from "./request.ts";
import { expectResult, type OperationResult, type ResponseTo } from "./result.ts";
import { type SearchParameters, searchRequest } from "./search-request.ts";
import { collectSearch, type SearchResult } from "./search-result.ts";
import { SearchStream } from "./search-stream.ts";
import { secureSocket, type TlsOptions } from "./socket.ts";

export interface LdapClientEvents {
  /** RFC 4511 §4.4; a notice of disconnection is also the reason of the `close` that follows. */
  unsolicitedNotification: [notification: ExtendedResponse];
  /** Once, with why the connection ended: `ERR_CLOSED` when this side did it. */
  close: [reason: LdapClientError];
}

/** Whose session it is, as far as this side knows. RFC 4513 §4. */
export type Authorization =
  | { readonly state: "anonymous" }
  | { readonly state: "bound"; readonly mechanism: string; readonly name: string }
  /** While a bind is under way, between the steps of one, and after a StartTLS on a bound connection. */
  | { readonly state: "unknown" };

export interface BindOptions extends OperationOptions {
  /** Sends a name with an empty password all the same. RFC 4513 §5.1.2: the server may then say success to anybody. */
  readonly allowUnauthenticated?: boolean;
}

export type NewRdn = Pick<ModifyDnRequest, "newRdn" | "deleteOldRdn"> & { readonly newSuperior?: string };

export interface ExtendedOptions extends OperationOptions {
  readonly onIntermediate?: (response: OperationIntermediate) => void;
}

export type WhoAmIResult = OperationResult<ExtendedResponse> & { readonly authzId: string };
export type PasswordModifyResult = OperationResult<ExtendedResponse> & { readonly genPasswd: Uint8Array | undefined };
export type CompareResult = OperationResult<CompareResponse> & { readonly matches: boolean };

/**
 * A connection and its operations, any number of them outstanding at once; a bind or StartTLS goes alone.
 *
 * ```ts
 * await using client = await LdapClient.connect({ url: "ldaps://ldap.example.com" });
 * await client.bind("uid=reader,dc=example,dc=com", password);
 * const search = client.search({ baseObject: "dc=example,dc=com", filter: filter`(uid=${name})` });
 * for await (const entry of search.entries()) entry.text("cn");
 * ```
 *
 * When the connection is lost it stays lost: whatever is outstanding and every later call rejects with the reason. There is no
 * reconnecting, since the new connection would be anonymous, and no falling back from TLS.
 *
 * Every operation throws `OperationError` for a result other than success (a referral too: it is not followed),
 * `LdapClientError` where there is no result, and the reason of its signal once that is aborted.
 */
export class LdapClient extends EventEmitter<LdapClientEvents> implements AsyncDisposable {
  readonly #endpoint: Endpoint;
  readonly #tls: TlsOptions;
  readonly #operationTimeoutMs: number;
  readonly #connection: Connection;
  #secure: boolean;
  #authorization: Authorization = { state: "anonymous" };

  private constructor(socket: Socket, endpoint: Endpoint, options: ConnectOptions) {
    super();
    this.#endpoint = endpoint;
    this.#tls = options.tls ?? {};
    this.#secure = endpoint.scheme === "ldaps";
    this.#operationTimeoutMs = options.operationTimeoutMs ?? defaultConnectOptions.operationTimeoutMs;
    this.#connection = new Connection(socket, {
      url: formatEndpoint(endpoint),
      maxMessageBytes: options.maxMessageBytes ?? defaultConnectOptions.maxMessageBytes,
      events: {
        unsolicitedNotification: (notification) => this.emit("unsolicitedNotification", notification),
        close: (reason) => this.emit("close", reason),
      },
    });
  }

  /**
   * Connects, and where the options say so starts TLS. The connection is anonymous until `bind`.
   *
   * @throws {LdapClientError} `ERR_CONNECT`, `ERR_CONNECT_TIMEOUT` or `ERR_TLS`.
   * @throws {OperationError} when the server refuses StartTLS.
   */
  static async connect(options: ConnectOptions): Promise<LdapClient> {
    const endpoint = connectEndpoint(options);
    const { connectTimeoutMs = defaultConnectOptions.connectTimeoutMs, signal, tls = {} } = options;
    return withConnectTimeout(endpoint, connectTimeoutMs, signal, async (signal) => {
      const client = new LdapClient(await openEndpoint(endpoint, tls, signal), endpoint, options);
      if (options.startTls === true) await client.startTls(tls, { signal, timeoutMs: 0 });
      return client;
    });
  }

  /** The server, as a URL. */
  get url(): string {
    return formatEndpoint(this.#endpoint);
  }

  /** Whether TLS is on. */
  get secure(): boolean {
    return this.#secure;
  }

  /** A new object after each bind, so that a holder can tell by identity whether somebody has bound since. */
  get authorization(): Authorization {
    return this.#authorization;
  }

  /** Why the connection ended; `undefined` while it is open. */
  get closeReason(): LdapClientError | undefined {
    return this.#connection.closeReason;
  }

  /** Operations that have no final response yet. */
  get outstandingCount(): number {
    return this.#connection.outstandingCount;
  }

  /**
   * Binds with a name and a password; both empty is an anonymous bind. After a bind that failed the session is anonymous.
   *
   * @throws {LdapError} unwillingToPerform, from this side, for a name with an empty password: many a server calls that a success.
   */
  async bind(
    name: string,
    password: string | Uint8Array,
    options: BindOptions = {},
  ): Promise<OperationResult<BindResponse>> {
    const passwordBytes = toBytes(password);
    if (passwordBytes.length === 0 && name !== "" && options.allowUnauthenticated !== true) {
      const text = "a bind with a name needs a password; an empty one proves nothing, so it was not sent";
      throw new LdapError(ResultCode.unwillingToPerform, text);
    }
    const authorization: Authorization =
      name === "" || passwordBytes.length === 0
        ? { state: "anonymous" }
        : { state: "bound", mechanism: "simple", name };
    const request: BindRequest = {
      type: "bindRequest",
      version: 3,
      name,
      authentication: { type: "simple", password: passwordBytes },
    };
    return expectResult(await this.#bind(request, authorization, options));
  }

  /**
   * One step of a SASL bind, RFC 4513 §5.2: EXTERNAL and PLAIN need no other. While the server answers saslBindInProgress, which
   * is returned and not thrown, the next step is another call with an answer to `serverSaslCreds`. No `credentials` is not the
   * same as empty ones: to EXTERNAL without any, OpenLDAP answers saslBindInProgress; empty ones bind.
   */
  async saslBind(
    mechanism: string,
    credentials?: Uint8Array,
    options: OperationOptions = {},
  ): Promise<OperationResult<BindResponse>> {
    const request: BindRequest = {
      type: "bindRequest",
      version: 3,
      name: "",
      authentication: { type: "sasl", mechanism, credentials },
    };
    const result = await this.#bind(request, { state: "bound", mechanism, name: "" }, options);
    return expectResult(result, ResultCode.success, ResultCode.saslBindInProgress);
  }

  async #bind(request: BindRequest, authorization: Authorization, options: OperationOptions) {
    const sent = this.#send(request, options);
    if (this.#connection.isExclusive) this.#authorization = { state: "unknown" };
    const result = await sent;
    if (result.resultCode === ResultCode.success) this.#authorization = authorization;
    else if (result.resultCode !== ResultCode.saslBindInProgress) this.#authorization = { state: "anonymous" };
    return result;
  }

  /** Sends a search at once; see `SearchStream`. @throws {ParseError} `ERR_FILTER` for a filter in text that is none. */
  search(parameters: SearchParameters, options: OperationOptions = {}): SearchStream {
    return new SearchStream(this.#context(options), searchRequest(parameters));
  }

  /** @throws {PartialSearchError} with what came before a result other than success. */
  searchAll(parameters: SearchParameters, options: OperationOptions = {}): Promise<SearchResult> {
    return collectSearch(this.search(parameters, options));
  }

  /** A search in pages; see `PagedSearch`. Other controls (a sort, for instance) go along with every page. */
  paged(parameters: SearchParameters, paging: PagingOptions, options: OperationOptions = {}): PagedSearch {
    const { controls = [] } = options;
    return new PagedSearch(
      (control) => this.search(parameters, { ...options, controls: [...controls, control] }),
      paging,
    );
  }

  async add(
    entry: string,
    attributes: readonly PartialAttribute[],
    options: OperationOptions = {},
  ): Promise<OperationResult<AddResponse>> {
    return expectResult(await this.#send({ type: "addRequest", entry, attributes }, options));
  }

  /** All changes or none, in their order. RFC 4511 §4.6. */
  async modify(
    object: string,
    changes: readonly Change[],
    options: OperationOptions = {},
  ): Promise<OperationResult<ModifyResponse>> {
    return expectResult(await this.#send({ type: "modifyRequest", object, changes }, options));
  }

  async del(entry: string, options: OperationOptions = {}): Promise<OperationResult<DelResponse>> {
    return expectResult(await this.#send({ type: "delRequest", entry }, options));
  }

  /** Renames, and with `newSuperior` moves. */
  async modifyDn(
    entry: string,
    { newRdn, deleteOldRdn, newSuperior }: NewRdn,
    options: OperationOptions = {},
  ): Promise<OperationResult<ModifyDnResponse>> {
    return expectResult(
      await this.#send({ type: "modifyDnRequest", entry, newRdn, deleteOldRdn, newSuperior }, options),
    );
  }

  /** `matches` says whether the entry has the value. An entry or attribute that is not there throws. */
  async compare(
    entry: string,
    attribute: string,
    value: string | Uint8Array,
    options: OperationOptions = {},
  ): Promise<CompareResult> {
    const result = await this.#send({ type: "compareRequest", entry, attribute, value: toBytes(value) }, options);
    expectResult(result, ResultCode.compareTrue, ResultCode.compareFalse);
    return { ...result, matches: result.resultCode === ResultCode.compareTrue };
  }

  async extended(
    requestName: string,
    requestValue?: Uint8Array,
    options: ExtendedOptions = {},
  ): Promise<OperationResult<ExtendedResponse>> {
    if (requestName === Oid.startTls) throw new TypeError("Call startTls(): TLS must begin on this side too.");
    return expectResult(
      await this.#send({ type: "extendedRequest", requestName, requestValue }, options, options.onIntermediate),
    );
  }

  /**
   * Turns on TLS; `tls` where it is not to be that of the connection. When it fails, for whatever reason, the connection is
   * destroyed: nothing that was meant to be encrypted can go over it.
   */
  async startTls(tls: TlsOptions = this.#tls, options: OperationOptions = {}): Promise<void> {
    if (this.#secure) throw new TypeError("TLS is on already.");
    const context = this.#context(options);
    try {
      expectResult(await sendRequest(context, startTlsRequest));
    } catch (error) {
      this.#close(
        new LdapClientError("ERR_TLS", `StartTLS with ${this.url} failed; the connection was closed.`, {
          cause: error,
        }),
      );
      throw error;
    }
    await withConnectTimeout(this.#endpoint, context.timeoutMs, context.signal, (signal) =>
      this.#connection.startTls((socket) => secureSocket(socket, this.#endpoint, tls, signal)),
    );
    this.#secure = true;
    if (this.#authorization.state !== "anonymous") this.#authorization = { state: "unknown" };
  }

  /** RFC 4532. `authzId` is empty for anonymous. */
  async whoAmI(options: OperationOptions = {}): Promise<WhoAmIResult> {
    const result = expectResult(await this.#send(whoAmIRequest, options));
    return { ...result, authzId: decodeWhoAmIResponse(result) };
  }

  /** RFC 3062. Without `newPasswd` the server makes a password up, which is `genPasswd`. */
  async passwordModify(
    passwords: { userIdentity?: string; oldPasswd?: string | Uint8Array; newPasswd?: string | Uint8Array },
    options: OperationOptions = {},
  ): Promise<PasswordModifyResult> {
    const { userIdentity, oldPasswd, newPasswd } = passwords;
    const value: PasswordModify = {
      userIdentity,
      oldPasswd: oldPasswd === undefined ? undefined : toBytes(oldPasswd),
      newPasswd: newPasswd === undefined ? undefined : toBytes(newPasswd),
    };
    const result = expectResult(await this.#send(passwordModifyRequest(value), options));
    return { ...result, genPasswd: decodePasswordModifyResponse(result) };
  }

  /**
   * Cancels an operation, RFC 3909, and waits for the server's word on it; the operation itself then ends with canceled.
   *
   * @throws {OperationError} noSuchOperation, tooLate or cannotCancel.
   */
  async cancel(messageId: number, options: OperationOptions = {}): Promise<OperationResult<ExtendedResponse>> {
    return expectResult(await this.#send(cancelRequest(messageId), options));
  }

  /** Abandons an operation, RFC 4511 §4.11: it rejects with `ERR_ABANDONED`, and the server sends no answer. */
  abandon(messageId: number): void {
    this.#connection.abandon(messageId, new LdapClientError("ERR_ABANDONED", `Operation ${messageId} was abandoned.`));
  }

  /**
   * Ends the session gracefully: an UnbindRequest, and the server closes. What is outstanding rejects with `ERR_CLOSED`. Resolves
   * when the socket is closed, at the latest after two seconds.
   */
  unbind(): Promise<void> {
    return this.#connection.unbind(
      new LdapClientError("ERR_CLOSED", `The connection to ${this.url} was unbound by this side.`),
    );
  }

  /** Ends the session abruptly. What is outstanding rejects with `ERR_CLOSED`. */
  destroy(): void {
    this.#close(new LdapClientError("ERR_CLOSED", `The connection to ${this.url} was destroyed by this side.`));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unbind();
  }

  #close(reason: LdapClientError): void {
    this.#connection.destroy(reason);
  }

  #send<Request extends AnsweredRequest>(
    request: Request,
    options: OperationOptions,
    onIntermediate?: (response: OperationIntermediate) => void,
  ): Promise<OperationResult<ResponseTo<Request>>> {
    return sendRequest(this.#context(options), request, onIntermediate);
  }

  #context({ controls = [], signal, timeoutMs = this.#operationTimeoutMs }: OperationOptions): RequestContext {
    return { connection: this.#connection, controls, signal, timeoutMs };
  }
}

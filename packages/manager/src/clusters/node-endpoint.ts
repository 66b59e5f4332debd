/** Where a node is and how a connection to it becomes one that may be bound on: TLS as configured, and a sign of life. */
import { LdapError, Oid, ResultCode } from "@espalier/ldap";
import {
  type ConnectOptions,
  LdapClient,
  LdapClientError,
  OperationError,
  type SearchParameters,
  type TlsOptions,
} from "@espalier/ldap/client";
import { type ClusterConfig, type ClusterNode, formatHostPort } from "@espalier/service";
import type { ClusterTls } from "./tls-files.ts";

/** A server that was set up anew is believed after this long. */
const offerAgeMs = 60_000;
const rootDse = { baseObject: "", scope: "baseObject" } as const satisfies SearchParameters;

export class NodeEndpoint {
  readonly name: string;
  /** `ldaps://ldap1.example.com:636` */
  readonly url: string;
  /** Of a connection on which nothing may be sent before {@link prepare} has resolved. */
  readonly connectOptions: ConnectOptions;
  readonly #security: ClusterNode["security"];
  readonly #tls: TlsOptions;
  readonly #timeoutMs: number;
  #offer: { readonly isMade: boolean; readonly atMs: number } | undefined;

  constructor(node: ClusterNode, config: ClusterConfig, { secureContext, serverName }: ClusterTls) {
    const { name, host, port, security } = node;
    this.name = name;
    this.url = `${security === "ldaps" ? "ldaps" : "ldap"}://${formatHostPort(node)}`;
    this.#security = security;
    const tls = {
      secureContext,
      ...(serverName === undefined ? {} : { servername: serverName }),
      // Clear text is allowed to such a node: whoever could show a false certificate could as well offer no TLS.
      rejectUnauthorized: security !== "starttls-if-offered",
    };
    this.#tls = tls;
    this.#timeoutMs = config.connect_timeout;
    this.connectOptions = {
      ...{ host, port, secure: security === "ldaps", tls },
      connectTimeoutMs: config.connect_timeout,
      operationTimeoutMs: config.timeout,
    };
  }

  /** A connection, anonymous as yet. @throws LdapClientError whose message tells an administrator what to do */
  async connect(): Promise<LdapClient> {
    let client: LdapClient | undefined;
    try {
      client = await LdapClient.connect(this.connectOptions);
      await this.prepare(client);
      return client;
    } catch (error) {
      client?.destroy();
      throw this.explain(error);
    }
  }

  /**
   * Starts TLS where the configuration says so, and finds out whether somebody answers: a server that hangs takes connections
   * all the same, and a bind may take its time.
   *
   * @throws LdapClientError; the client is then of no use
   */
  async prepare(client: LdapClient): Promise<void> {
    switch (this.#security) {
      case "ldaps":
        return;
      case "starttls":
        await this.#startTls(client);
        return;
      case "starttls-if-offered":
        if (await this.#offersStartTls()) await this.#startTls(client);
        else await this.ping(client);
        return;
      case "none":
        await this.ping(client);
    }
  }

  /** Any answer is one, except that the server cannot work. @throws LdapClientError, OperationError */
  async ping(client: LdapClient): Promise<void> {
    try {
      await this.#readRootDse(client, "1.1");
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }

  /** In the words of the configuration, where the library has its own. */
  explain(error: unknown): unknown {
    if (!(error instanceof LdapClientError) || error.code !== "ERR_TLS") return error;
    const { cause } = error;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    const advice = certificateAdvice[code];
    if (advice === undefined) return error;
    const text = `The certificate of ${this.url} is not to be trusted: ${(cause as Error).message}. ${advice}`;
    return new LdapClientError("ERR_TLS", text, { cause });
  }

  async #startTls(client: LdapClient): Promise<void> {
    try {
      await client.startTls(this.#tls, { timeoutMs: this.#timeoutMs });
    } catch (error) {
      this.#offer = undefined;
      if (error instanceof LdapError) {
        const text =
          `${this.url} offers no StartTLS (${error.message}), and nothing is sent to it in clear text. Turn TLS on there; ` +
          "or set `tls: ldaps` if it has a port for that; or, in a network that nobody else can read, `allow_cleartext: true`.";
        throw new LdapClientError("ERR_TLS", text, { cause: error });
      }
      throw this.#silence(error);
    }
  }

  /**
   * As the server said not long ago. It is asked on a connection of its own: 389 Directory Server refuses StartTLS right behind a
   * search, because of operations that were still pending.
   */
  async #offersStartTls(): Promise<boolean> {
    if (this.#offer !== undefined && performance.now() - this.#offer.atMs < offerAgeMs) return this.#offer.isMade;
    const client = await LdapClient.connect(this.connectOptions);
    try {
      const { entries } = await this.#readRootDse(client, "supportedExtension");
      return this.#noteOffer(entries[0]?.texts("supportedExtension").includes(Oid.startTls) ?? false);
    } catch (error) {
      if (isRefusal(error)) return this.#noteOffer(false);
      throw error;
    } finally {
      void client.unbind();
    }
  }

  #noteOffer(isMade: boolean): boolean {
    this.#offer = { isMade, atMs: performance.now() };
    return isMade;
  }

  async #readRootDse(client: LdapClient, attribute: string) {
    try {
      return await client.searchAll({ ...rootDse, attributes: [attribute] }, { timeoutMs: this.#timeoutMs });
    } catch (error) {
      throw this.#silence(error);
    }
  }

  #silence(error: unknown): unknown {
    if (!(error instanceof LdapClientError) || error.code !== "ERR_OPERATION_TIMEOUT") return error;
    const text = `${this.url} takes connections but does not answer: it was silent for ${this.#timeoutMs} ms.`;
    return new LdapClientError("ERR_CONNECT_TIMEOUT", text, { cause: error });
  }
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof OperationError &&
    error.resultCode !== ResultCode.busy &&
    error.resultCode !== ResultCode.unavailable
  );
}

const trustAdvice = "Name the certificate of the authority that signed it as `tls.ca_file`.";

const certificateAdvice: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: "Name the node as its certificate does, or set that name as `tls.server_name`.",
  DEPTH_ZERO_SELF_SIGNED_CERT: trustAdvice,
  SELF_SIGNED_CERT_IN_CHAIN: trustAdvice,
  UNABLE_TO_GET_ISSUER_CERT: trustAdvice,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: trustAdvice,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: trustAdvice,
  CERT_SIGNATURE_FAILURE: trustAdvice,
  CERT_HAS_EXPIRED: "Renew it on the server.",
  CERT_NOT_YET_VALID: "Look whether the clocks of both machines are right.",
};

/**
 * A small LDAP server that keeps one authorization a connection, as RFC 4513 §4 has it, and writes down as whom it has executed
 * each operation. It trusts its service account with proxied authorization (RFC 4370) and nobody else.
 */
import {
  decodePagedResults,
  decodePasswordModifyRequest,
  decodeProxiedAuthorization,
  findControl,
  LdapError,
  Oid,
  pagedResultsControl,
  passwordModifyResponse,
  passwordPolicyResponseControl,
  ResultCode,
  type SearchRequest,
} from "@espalier/ldap";
import {
  type BindOperation,
  createLdapServer,
  type LdapHandler,
  type LdapServer,
  type Operation,
  type SearchOperation,
} from "@espalier/ldap/server";

export const service = { dn: "cn=proxy,dc=example,dc=com", password: "service-password" } as const;

/** Passwords by the DNs that the server knows the users by. */
export const passwords: ReadonlyMap<string, string> = new Map([
  [service.dn, service.password],
  ["uid=ann,dc=example,dc=com", "ann-password"],
  ["uid=bob,dc=example,dc=com", "bob-password"],
  ["uid=cid,dc=example,dc=com", "cid-password"],
  ["uid=new,dc=example,dc=com", "new-password"],
]);

/** Has to change its password before anything else. */
export const mustChange = "uid=new,dc=example,dc=com";

/** Other names that these users may bind by. */
const otherNames: ReadonlyMap<string, string> = new Map([["ann@example.com", "uid=ann,dc=example,dc=com"]]);

export interface Executed {
  /** The server's number of the connection. */
  readonly connection: number;
  readonly operation: string;
  /** The base or entry of the request. */
  readonly target: string;
  /** As whom: "" is anonymous. */
  readonly as: string;
}

interface Bound {
  readonly connection: number;
  readonly name: string;
  readonly resultCode: number;
}

interface State {
  /** The cookie that the connection's paged search goes on with. OpenLDAP has one of these a connection too. */
  cookie: string;
}

/** Before an operation is executed: anything may be done to it, and it is executed when the promise resolves with `true`. */
type Gate = (operation: Operation<State>, target: string) => boolean | Promise<boolean>;

export class RecordingServer implements AsyncDisposable {
  readonly executed: Executed[] = [];
  readonly binds: Bound[] = [];
  /** Set to hold, drop or answer operations. */
  gate: Gate = () => true;
  /** Answers every bind of a user with invalidCredentials, as when the password was changed. */
  refusesBinds = false;
  /** So many binds of users are answered by closing the connection. */
  dropsBinds = 0;
  /** Entries of each search but that of one entry; a page has as many as are asked for. */
  entriesInAll = 1;
  readonly #server: LdapServer<State>;
  #url = "";
  #nextCookie = 1;

  private constructor() {
    this.#server = createLdapServer<State>({ handler: this.#handler() });
  }

  static async start(): Promise<RecordingServer> {
    const server = new RecordingServer();
    await server.listen(0);
    return server;
  }

  async listen(port: number): Promise<void> {
    const address = await this.#server.listen({ host: "127.0.0.1", port });
    this.#url = `ldap://127.0.0.1:${address.port}`;
  }

  get url(): string {
    return this.#url;
  }

  get connections(): number {
    return this.#server.connections;
  }

  of(target: string): Executed[] {
    return this.executed.filter((each) => each.target === target);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
  }

  #handler(): LdapHandler<State> {
    const controls = [Oid.proxiedAuthorization, Oid.pagedResults, Oid.syncRequest, "1.2.3.4.5"];
    return {
      supportedControls: {
        bind: [Oid.passwordPolicy],
        ...{ search: controls, compare: controls, modify: controls, add: controls, del: controls, extended: controls },
      },
      bind: (request, operation) => {
        const { name, authentication } = request;
        if (authentication.type === "sasl") return this.#sasl(authentication, operation);
        const password = Buffer.from(authentication.password).toString();
        // As a server that allows unauthenticated binds, RFC 4513 §5.1.2: success, and anonymous.
        const dn = otherNames.get(name) ?? name;
        if (name !== "" && name !== service.dn && this.dropsBinds > 0) {
          this.dropsBinds--;
          operation.dropConnection();
          return undefined;
        }
        const isRefused = this.refusesBinds && name !== "" && name !== service.dn;
        const isRight = password === "" || (passwords.get(dn) === password && !isRefused);
        const resultCode = isRight ? ResultCode.success : ResultCode.invalidCredentials;
        this.binds.push({ connection: operation.session.id, name, resultCode });
        if (!isRight) throw new LdapError(resultCode);
        operation.session.authorization = { dn: password === "" ? "" : dn };
        const asksPolicy = findControl(operation.controls, Oid.passwordPolicy) !== undefined;
        const error = dn === mustChange ? "changeAfterReset" : undefined;
        operation.end(0, asksPolicy ? [passwordPolicyResponseControl({ warning: undefined, error })] : []);
        return undefined;
      },
      search: (request, operation) =>
        this.#run("search", request.baseObject, operation, () => this.#search(request, operation)),
      compare: (request, operation) =>
        this.#run("compare", request.entry, operation, () => operation.end(ResultCode.compareTrue)),
      modify: (request, operation) => this.#run("modify", request.object, operation, () => operation.end()),
      add: (request, operation) => this.#run("add", request.entry, operation, () => operation.end()),
      del: (request, operation) => this.#run("delete", request.entry, operation, () => operation.end()),
      extended: {
        // Of the connection's user where none is named: as dangerous as the RFC lets it be.
        [Oid.passwordModify]: (request, operation) => {
          const { userIdentity = operation.session.authorization.dn } = decodePasswordModifyRequest(request);
          return this.#run("passwordModify", userIdentity, operation, () => {
            operation.end(passwordModifyResponse({ ...success }, undefined));
          });
        },
        "1.2.3.4": (_request, operation) => this.#run("unknown", "1.2.3.4", operation, () => operation.end()),
      },
    };
  }

  #sasl(
    { mechanism, credentials = new Uint8Array(0) }: { mechanism: string; credentials: Uint8Array | undefined },
    operation: BindOperation<State>,
  ): undefined {
    if (mechanism === "PLAIN") {
      const [, name = "", password = ""] = Buffer.from(credentials).toString().split("\0");
      const dn = `uid=${name},dc=example,dc=com`;
      const resultCode = passwords.get(dn) === password ? ResultCode.success : ResultCode.invalidCredentials;
      this.binds.push({ connection: operation.session.id, name, resultCode });
      if (resultCode !== ResultCode.success) throw new LdapError(resultCode);
      operation.session.authorization = { dn };
      operation.end();
    } else if (mechanism === "TWO-STEP") {
      const state = operation.session.state ?? { cookie: "" };
      operation.session.state = state;
      const text = Buffer.from(credentials).toString();
      if (text === "") {
        state.cookie = `challenge of ${operation.session.id}`;
        operation.end({ resultCode: ResultCode.saslBindInProgress, serverSaslCreds: Buffer.from(state.cookie) });
      } else if (text === state.cookie) {
        operation.session.authorization = { dn: "uid=cid,dc=example,dc=com" };
        operation.end();
      } else throw new LdapError(ResultCode.invalidCredentials);
    } else throw new LdapError(ResultCode.authMethodNotSupported);
    return undefined;
  }

  async #run(name: string, target: string, operation: Operation<State>, execute: () => void): Promise<void> {
    const as = effective(operation);
    if (!(await this.gate(operation, target))) return;
    this.executed.push({ connection: operation.session.id, operation: name, target, as });
    execute();
  }

  #search(request: SearchRequest, operation: SearchOperation<State>): void {
    const as = effective(operation);
    const restricted = operation.session.authorization.dn === mustChange;
    if (restricted) throw new LdapError(ResultCode.insufficientAccessRights, "change the password first");
    const paging = findControl(operation.controls, Oid.pagedResults);
    let count = this.entriesInAll;
    const controls = [];
    if (paging !== undefined) {
      const { size, cookie } = decodePagedResults(paging);
      const state = operation.session.state ?? { cookie: "" };
      operation.session.state = state;
      const asked = Buffer.from(cookie).toString();
      if (asked !== "" && asked !== state.cookie) {
        throw new LdapError(ResultCode.unwillingToPerform, "paged results cookie is invalid");
      }
      const before = asked === "" ? 0 : Number(asked.split(" ")[1]);
      count = Math.min(size, this.entriesInAll - before);
      state.cookie = before + count < this.entriesInAll ? `${this.#nextCookie++} ${before + count}` : "";
      controls.push(pagedResultsControl({ size: 0, cookie: Buffer.from(state.cookie) }));
    }
    for (let i = 0; i < count; i++) {
      operation.entry({
        objectName: request.baseObject,
        attributes: [{ type: "description", values: [Buffer.from(as)] }],
      });
    }
    operation.done(0, controls);
  }
}

const success = { resultCode: ResultCode.success, matchedDn: "", diagnosticMessage: "", referral: [] } as const;

/** As whom an operation runs: RFC 4370 §3 over RFC 4513 §4. */
export function effective(operation: Operation<State>): string {
  const { dn } = operation.session.authorization;
  const control = findControl(operation.controls, Oid.proxiedAuthorization);
  if (control === undefined) return dn;
  const authzId = decodeProxiedAuthorization(control);
  if (dn !== service.dn) throw new LdapError(ResultCode.authorizationDenied);
  return authzId.replace(/^dn:/, "");
}

/** One LDAP session: who is at the other end, over what, and as whom. RFC 4511 §3.1; RFC 4513 §4. */

/** As whom a session acts: its authorization identity. RFC 4513 §4. */
export interface Authorization {
  /** The DN that was bound, as the bind handler chose to spell it; empty for `anonymous`. */
  readonly dn: string;
}

/** The authorization of a session on which no bind has succeeded. Compare with `===`. */
export const anonymous: Authorization = Object.freeze({ dn: "" });

/** What the TLS handshake agreed upon, as OpenSSL names it: `TLSv1.3`, `TLS_AES_256_GCM_SHA384`. */
export interface TlsState {
  readonly protocol: string;
  readonly cipher: string;
}

/** `State` is whatever the handler keeps with a session. */
export interface Session<State = unknown> {
  /** Unique within the server, counted from 1. */
  readonly id: number;
  /** IPv4-mapped IPv6 addresses are given as IPv4. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** The port of the listener that took the connection. */
  readonly localPort: number;
  /** Whether TLS is in place: from the start on LDAPS, after StartTLS elsewhere. */
  readonly secure: boolean;
  /** `undefined` without TLS. */
  readonly tls: TlsState | undefined;
  /**
   * The bind handler sets it before it ends the operation with success. The server makes the session anonymous when a bind
   * begins and when it ends with anything but success. RFC 4511 §4.2.1.
   */
  authorization: Authorization;
  /** The handler's own; `undefined` until it sets it. A bind does not touch it. */
  state: State | undefined;
  /** Closes the connection at once: what is in progress is aborted and nothing more is sent, not even a notice. */
  destroy(): void;
}

/** What a session needs of its connection. */
interface SessionConnection {
  drop(): void;
}

/** What a session keeps of its connection's ends. */
export type SessionIdentity = Pick<Session, "id" | "remoteAddress" | "remotePort" | "localPort">;

export class ServerSession<State> implements Session<State> {
  readonly id: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  authorization: Authorization = anonymous;
  state: State | undefined = undefined;
  tls: TlsState | undefined = undefined;
  readonly #connection: SessionConnection;

  constructor(connection: SessionConnection, identity: SessionIdentity) {
    this.#connection = connection;
    this.id = identity.id;
    this.remoteAddress = identity.remoteAddress;
    this.remotePort = identity.remotePort;
    this.localPort = identity.localPort;
  }

  get secure(): boolean {
    return this.tls !== undefined;
  }

  destroy(): void {
    this.#connection.drop();
  }
}

/** One client's connection as the rest of the proxy sees it (CONTRACT): who it is, what goes out to it, and its end. */

/** Why a client's connection ended. */
export type ClientCloseReason =
  /** It closed, or its host reset the connection. */
  | "client"
  /** RFC 4511 §4.3. */
  | "unbind"
  | "protocolError"
  /** The handshake failed, or the client's certificate was not accepted. */
  | "tlsError"
  | "tlsHandshakeTimeout"
  | "proxyHeader"
  | "proxyHeaderTimeout"
  | "tooManyConnections"
  | "tooManyConnectionsOfAddress"
  | "messageTimeout"
  | "idleTimeout"
  /** It read none of what waited for it for longer than `writeTimeoutMs`. */
  | "writeTimeout"
  /** More waited for it than `maxPendingBytes`. */
  | "slowClient"
  /** The session could not go on: its authorization was lost with a backend's connection, a rule forbids it, … */
  | "session"
  /** An administrator's `kick`. */
  | "kicked"
  /** The proxy stops: after the drain, or cut off at its deadline. */
  | "drained"
  | "cutOff";

/** What the TLS handshake with a client ended with. */
export interface ClientTls {
  /** As OpenSSL names it: `TLSv1.3`. */
  readonly protocol: string;
  /** As the IANA names it: `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /** The subject of the client's certificate as a DN (RFC 4514), when it has one and the configured authority vouches for it. */
  readonly clientSubject?: string;
}

export interface ClientTransport {
  /** Unique in this process, from 1. */
  readonly id: number;
  /** The client's own address, behind the PROXY protocol too: IPv4, or IPv6 in its canonical form. */
  readonly address: string;
  readonly port: number;
  /** Where the client connected to: behind the PROXY protocol, what the balancer's header says. */
  readonly localAddress: string;
  readonly localPort: number;
  /** The address of the balancer that sent the PROXY header. */
  readonly via: string | undefined;
  /** The listener as it is configured: `ldaps://0.0.0.0:636`. */
  readonly listener: string;
  /** `undefined` in clear text. */
  readonly tls: ClientTls | undefined;
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;

  /**
   * Queues `bytes[start, end)`. They are copied: the caller may overwrite them as soon as this returns. What is written in one
   * turn of the event loop leaves as one.
   */
  write(bytes: Uint8Array, start?: number, end?: number): void;
  /** What the client has not taken. */
  readonly pendingBytes: number;
  /**
   * `pendingBytes` is a quarter of `maxPendingBytes` or more: no further request is read until the client took it all, and
   * whoever writes should wait for `ClientSession.caughtUp`. What is written on top of `maxPendingBytes` disconnects the client
   * (`slowClient`); one message larger than that gets through when nothing waits before it.
   */
  readonly isCongested: boolean;
  /** `ClientSession.mayReceive` has become true. Frames that waited are delivered when the caller has returned. */
  resume(): void;

  /** Whether this listener offers StartTLS and the connection is in clear text. */
  readonly canStartTls: boolean;
  /**
   * Sends `response`, whole, in clear text, and begins the handshake as the server; RFC 4511 §4.14. To be called with nothing
   * outstanding, from `ClientSession.received` or while `mayReceive` is false. When bytes follow the request in clear text,
   * the client gets a notice of disconnection and no response.
   */
  startTls(response: Uint8Array): void;

  /** Sends what was queued and a notice of disconnection (RFC 4511 §4.4.1), and closes. */
  disconnect(reason: ClientCloseReason, resultCode: number, text: string): void;
  /** Sends of what was queued as much as the kernel takes at once, and closes. */
  destroy(reason: ClientCloseReason): void;
}

/** What the listeners report while they serve; every method is optional and none may throw. */
import type { ClientCloseReason, ClientTransport } from "./client-transport.ts";

export interface ClientObserver {
  /** The client's first message may arrive: its address is known, and on `ldaps` TLS is in place. */
  connectionOpened?(transport: ClientTransport): void;
  /** The TLS handshake that followed StartTLS is complete. */
  connectionSecured?(transport: ClientTransport): void;
  /** Exactly once for each connection that was opened. */
  connectionClosed?(transport: ClientTransport, reason: ClientCloseReason): void;
  /** It never got as far as being opened. `error` says what a client sent instead, and is safe to log. */
  connectionRefused?(refused: RefusedConnection): void;
  /** An opened connection broke the protocol, or its TLS. `connectionClosed` follows. */
  protocolError?(transport: ClientTransport, error: Error): void;
  /** The session threw something else than a ParseError, which is a defect. The client is disconnected. */
  sessionError?(transport: ClientTransport, error: unknown): void;
  /** A listener could not accept: too many open files, usually. It goes on trying. */
  listenerError?(listener: string, error: Error): void;
}

export interface RefusedConnection {
  /** The client's address; the balancer's while no PROXY header has named the client's. */
  readonly address: string;
  readonly listener: string;
  readonly reason: ClientCloseReason;
  readonly error?: Error;
}

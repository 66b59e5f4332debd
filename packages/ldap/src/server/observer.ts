/** What a server tells about its work, for logs and metrics. */
import type { RequestOp } from "../message/message.ts";
import type { Session } from "./session.ts";

/** Why a connection ended. */
export type CloseReason =
  /** The client sent an UnbindRequest. */
  | "unbind"
  /** The client closed or reset the connection. */
  | "client"
  /** The handler dropped it. */
  | "dropped"
  | "protocolError"
  | "tlsError"
  | "tlsHandshakeTimeout"
  | "idleTimeout"
  | "messageTimeout"
  | "writeTimeout"
  /** The server drained or closed. */
  | "serverClosed";

export interface ConnectionClosed<State = unknown> {
  readonly session: Session<State>;
  readonly reason: CloseReason;
  /** Bytes of LDAP, without what TLS adds. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

export interface OperationEnded<State = unknown> {
  readonly session: Session<State>;
  readonly messageId: number;
  /** `undefined` for one whose body could not be read. A bind's password is in it: never log a request as a whole. */
  readonly request: RequestOp | undefined;
  /** `cancelled` was ended by a Cancel operation; abandoned and disconnected ones had no answer. */
  readonly outcome: "answered" | "abandoned" | "cancelled" | "disconnected";
  /** `undefined` where there was no answer. */
  readonly resultCode: number | undefined;
  readonly diagnosticMessage: string;
  /** Entries sent, for a search. */
  readonly entries: number;
  /** From the decoded request to its answer. */
  readonly durationMs: number;
}

/** All optional and called synchronously, from the path of the request: return at once, and do not throw. */
export interface ServerObserver<State = unknown> {
  /** Before a TLS handshake, where there is one. */
  connectionOpened?(session: Session<State>): void;
  /** The admission refused a connection. */
  connectionRefused?(remoteAddress: string): void;
  connectionClosed?(event: ConnectionClosed<State>): void;
  /** Every request with a response, also those the server answers itself. */
  operationEnded?(event: OperationEnded<State>): void;
  /** The client sent what is not LDAP, or not allowed at that point. */
  protocolError?(session: Session<State>, error: Error): void;
  /** The handshake failed or the encrypted stream broke. */
  tlsError?(session: Session<State>, error: Error): void;
  /** A handler threw something that is not an `LdapError`, rejected, or broke its contract. `messageId` is its operation's. */
  handlerError?(session: Session<State>, messageId: number, error: unknown): void;
  /** A listening socket failed, for example for want of file descriptors; it goes on listening. */
  listenerError?(error: Error): void;
}

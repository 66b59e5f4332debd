/** Why an operation has no result from the server: the connection, a time-out, or this side's own refusal. */

/** Stable codes; match these, not the message. */
export type LdapClientErrorCode =
  /** No connection could be made. */
  | "ERR_CONNECT"
  | "ERR_CONNECT_TIMEOUT"
  /** TLS could not be established: an untrusted certificate, another name, StartTLS refused or tampered with. */
  | "ERR_TLS"
  /** The connection ended without a word. What was outstanding may or may not have been done. */
  | "ERR_CONNECTION_LOST"
  /** The server announced the end, RFC 4511 §4.4.1; `cause` is its LdapError. */
  | "ERR_NOTICE_OF_DISCONNECTION"
  /** The server sent what is not LDAP, or too much of it; `cause` is the ParseError. */
  | "ERR_PROTOCOL"
  /** This side closed the connection or the pool. */
  | "ERR_CLOSED"
  /** The server was silent for the operation's time-out; the operation was abandoned and may still have been done. */
  | "ERR_OPERATION_TIMEOUT"
  | "ERR_ABANDONED"
  /** A bind or StartTLS must be alone on its connection, RFC 4511 §4.2.1 and §4.14.1. */
  | "ERR_NOT_ALONE"
  | "ERR_POOL_TIMEOUT";

export class LdapClientError extends Error {
  override readonly name = "LdapClientError";
  readonly code: LdapClientErrorCode;
  constructor(code: LdapClientErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}

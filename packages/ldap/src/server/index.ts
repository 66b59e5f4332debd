/** `@espalier/ldap/server`: an LDAP v3 server over handlers. */
export { type ConnectionAdmission, LocalAdmission } from "./admission.ts";
export type {
  BindOperation,
  BindResult,
  ExtendedHandler,
  ExtendedOperation,
  ExtendedResult,
  Handled,
  LdapHandler,
  Operation,
  OperationName,
  OperationResult,
  SearchOperation,
} from "./handler.ts";
export { defaultServerLimits, type ServerLimits } from "./limits.ts";
export type { ListenOptions } from "./listener.ts";
export { MessageReader, type MessageReaderOwner } from "./message-reader.ts";
export type { CloseReason, ConnectionClosed, OperationEnded, ServerObserver } from "./observer.ts";
export { createLdapServer, type LdapServer, type LdapServerOptions } from "./server.ts";
export { type Authorization, anonymous, type Session, type TlsState } from "./session.ts";

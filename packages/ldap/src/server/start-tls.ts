/** The StartTLS operation, RFC 4511 §4.14: whether the session may become TLS. */
import type { SecureContext } from "node:tls";
import type { ExtendedRequest } from "../message/message.ts";
import { Oid } from "../oid.ts";
import { ResultCode } from "../result-code.ts";
import type { ServerOperation } from "./operation.ts";

/** What StartTLS needs of its connection. */
interface StartTlsConnection<State> {
  readonly session: { readonly secure: boolean };
  /** For a handshake that begins now. */
  readonly secureContext: SecureContext | undefined;
  /** Whether operations are in progress. */
  readonly hasOutstanding: boolean;
  startTls(operation: ServerOperation<State>, secureContext: SecureContext): void;
}

export function startTls<State>(
  _request: ExtendedRequest,
  operation: ServerOperation<State>,
  connection: StartTlsConnection<State>,
): void {
  const { session, secureContext, hasOutstanding } = connection;
  const refuse = (resultCode: number, diagnosticMessage: string) =>
    operation.end({ resultCode, diagnosticMessage, responseName: Oid.startTls });
  if (secureContext === undefined) refuse(ResultCode.protocolError, "StartTLS is not offered here");
  else if (session.secure) refuse(ResultCode.operationsError, "TLS is in place already");
  else if (hasOutstanding) {
    refuse(ResultCode.operationsError, "StartTLS cannot begin while other operations are in progress");
  } else connection.startTls(operation, secureContext);
}

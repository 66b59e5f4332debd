/** TLS connections that take whatever certificate they are shown: to look at it. RFC 8446, and StartTLS of RFC 4511 §4.14. */
import { once } from "node:events";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type SecureContextOptions, type TLSSocket } from "node:tls";
import { decodeMessage, encodeMessage, LdapError, messageLength, ResultCode, startTlsRequest } from "@espalier/ldap";
import type { EndpointTarget } from "./targets.ts";

const maxAnswerBytes = 64 * 1024;

/**
 * Resolves once the handshake is done; whoever asked destroys the socket.
 *
 * @throws the system's error, OpenSSL's, LdapError where StartTLS is refused, or the signal's reason
 */
export async function handshake(
  { protocol, host, port, serverName }: Pick<EndpointTarget, "protocol" | "host" | "port" | "serverName">,
  options: Pick<SecureContextOptions, "ca" | "minVersion" | "maxVersion" | "ciphers">,
  signal: AbortSignal,
): Promise<TLSSocket> {
  signal.throwIfAborted();
  const socket = connect({ host, port, noDelay: true });
  try {
    await settled(socket, "connect", signal);
    if (protocol === "starttls") await startTls(socket, signal);
    const name = serverName ?? host;
    const secure = connectTls({
      ...options,
      socket,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      servername: isIP(name) === 0 ? name : "",
    });
    await settled(secure, "secureConnect", signal);
    secure.on("error", () => undefined);
    return secure;
  } catch (error) {
    socket.on("error", () => undefined).destroy();
    throw signal.aborted ? signal.reason : error;
  }
}

/** The event, or whatever ends the socket before it. */
async function settled(socket: Socket, event: string, signal: AbortSignal): Promise<void> {
  const closed = new AbortController();
  const onClose = () => closed.abort(new Error("it closed the connection during the handshake"));
  socket.once("close", onClose);
  try {
    await once(socket, event, { signal: AbortSignal.any([signal, closed.signal]) });
  } catch (error) {
    throw closed.signal.aborted && !signal.aborted ? closed.signal.reason : error;
  } finally {
    socket.off("close", onClose);
  }
}

async function startTls(socket: Socket, signal: AbortSignal): Promise<void> {
  socket.write(encodeMessage({ messageId: 1, protocolOp: startTlsRequest, controls: [] }));
  let bytes = Buffer.alloc(0);
  for (;;) {
    const length = messageLength(bytes, 0, bytes.length, maxAnswerBytes);
    if (length !== undefined && bytes.length >= length) break;
    await settled(socket, "readable", signal);
    bytes = Buffer.concat([bytes, (socket.read() as Buffer | null) ?? Buffer.alloc(0)]);
  }
  const { protocolOp } = decodeMessage(bytes);
  if (protocolOp.type !== "extendedResponse") throw new Error("it answered StartTLS with something else");
  if (protocolOp.resultCode !== ResultCode.success) {
    throw new LdapError(protocolOp.resultCode, protocolOp.diagnosticMessage);
  }
}

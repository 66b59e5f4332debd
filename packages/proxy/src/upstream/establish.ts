/** From an address to a socket on which LDAP can be spoken: TCP, the PROXY header, StartTLS, TLS. RFC 4511 §4.14, RFC 4513 §3. */
import { connect, isIP, type OnReadOpts, type Socket } from "node:net";
import { type ConnectionOptions, checkServerIdentity, connect as connectTls, type SecureContext } from "node:tls";
import {
  decodeMessage,
  encodeMessage,
  type LdapMessage,
  messageLength,
  ResultCode,
  resultCodeName,
  startTlsRequest,
} from "@espalier/ldap";
import { encodeProxyHeader, type HeaderEndpoint } from "./proxy-header.ts";
import { receivesInPlace } from "./receive-buffer.ts";
import type { UpstreamLost } from "./response-receiver.ts";
import type { ServerAddress } from "./server-addresses.ts";
import { UpstreamUnavailable } from "./upstream-error.ts";

export interface EstablishOptions {
  /** The backend, in messages. */
  readonly name: string;
  readonly security: "none" | "tls" | "startTls";
  readonly secureContext: SecureContext | undefined;
  readonly verify: boolean;
  /** The name that the certificate must have, where it is not `ServerAddress.host`. */
  readonly servername: string | undefined;
  /** Begins with a PROXY header: of this client, or of the proxy's own connection. */
  readonly proxyHeader: { readonly source: HeaderEndpoint | undefined } | undefined;
  /** A TLS session to resume. */
  readonly session: Buffer | undefined;
  /** A TLS session that can be resumed; there may be several, also long after the handshake. */
  readonly onSession: (session: Buffer) => void;
}

const KEEP_ALIVE_INITIAL_DELAY_MS = 30_000;
/** The response to StartTLS has no reason to be longer. */
const MAX_START_TLS_RESPONSE_BYTES = 64 * 1024;

/**
 * Aborting `signal` destroys what there is of the connection.
 *
 * @throws {UpstreamUnavailable} `ERR_UPSTREAM_CONNECT`, `ERR_UPSTREAM_TLS`; or `signal.reason`.
 */
export async function establish(
  server: ServerAddress,
  options: EstablishOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const { address: host, port } = server;
  const where = isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
  const at = options.name === where ? where : `${options.name} (${where})`;
  const cannotConnect = (error: Error) =>
    unavailable("ERR_UPSTREAM_CONNECT", `Cannot connect to ${at}: ${error.message}`);
  if (options.security === "tls" && options.proxyHeader === undefined) {
    // Only a TLS socket that connects by itself can have `onread`.
    const inPlace: { readonly onread: OnReadOpts } = { onread: receivesInPlace(() => secure) };
    const secure: Socket = connectTls({ host, port, ...inPlace, ...tlsOptions(server, options) });
    secure.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_INITIAL_DELAY_MS);
    secure.on("session", options.onSession);
    await happens(secure, "connect", signal, cannotConnect);
    await happens(secure, "secureConnect", signal, (error) => tlsFailed(at, error));
    return secure;
  }
  const socket = connect({
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_INITIAL_DELAY_MS,
  });
  await happens(socket, "connect", signal, cannotConnect);
  if (options.proxyHeader !== undefined) {
    socket.write(encodeProxyHeader(options.proxyHeader.source, { address: host, port }));
  }
  if (options.security === "none") return socket;
  if (options.security === "startTls") await startTls(socket, at, signal);
  const secure = connectTls({ socket, ...tlsOptions(server, options) });
  secure.on("session", options.onSession);
  await happens(secure, "secureConnect", signal, (error) => {
    socket.destroy();
    return tlsFailed(at, error);
  });
  return secure;
}

function tlsOptions(server: ServerAddress, options: EstablishOptions): ConnectionOptions {
  const name = options.servername ?? server.host;
  return {
    servername: isIP(name) === 0 ? name : "",
    // Without a server name, an address, Node would look at what it connects to.
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    // Said here so that NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment cannot turn verification off.
    rejectUnauthorized: options.verify,
    ...(options.secureContext === undefined ? {} : { secureContext: options.secureContext }),
    ...(options.session === undefined ? {} : { session: options.session }),
  };
}

function tlsFailed(at: string, error: Error): UpstreamUnavailable {
  return unavailable("ERR_UPSTREAM_TLS", `TLS with ${at} failed: ${error.message}. ${tlsAdvice(error)}`);
}

/** Asks for TLS in clear text and waits for the consent. What comes in clear text behind it must never be read as LDAP. */
async function startTls(socket: Socket, at: string, signal: AbortSignal): Promise<void> {
  const failed = (what: string) => {
    socket.destroy();
    return unavailable("ERR_UPSTREAM_TLS", `StartTLS with ${at} failed: ${what}`);
  };
  let received: Buffer = Buffer.alloc(0);
  let response: LdapMessage | undefined;
  const onData = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    try {
      const length = messageLength(received, 0, received.length, MAX_START_TLS_RESPONSE_BYTES);
      if (length === undefined || length > received.length) return;
      response = decodeMessage(received, 0, length);
      if (length < received.length)
        throw new Error("clear text follows the response; somebody on the way may have put it there");
    } catch (error) {
      socket.destroy(error as Error);
      return;
    }
    socket.pause();
    socket.emit("startTlsResponse");
  };
  socket.on("data", onData);
  socket.write(encodeMessage({ messageId: 1, protocolOp: startTlsRequest, controls: [] }));
  await happens(socket, "startTlsResponse", signal, (error) => failed(error.message));
  socket.off("data", onData);
  const op = response?.protocolOp;
  if (response?.messageId !== 1 || op?.type !== "extendedResponse") throw failed("the response is not one to StartTLS");
  if (op.resultCode !== ResultCode.success) {
    const text = op.diagnosticMessage === "" ? "" : `: ${op.diagnosticMessage}`;
    throw failed(`the server answered ${resultCodeName(op.resultCode)}${text}. Use ldaps, or set its certificate up.`);
  }
}

/** Waits for `event`; a socket that fails, ends or is aborted before is destroyed. */
function happens(socket: Socket, event: string, signal: AbortSignal, failure: (cause: Error) => Error): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      socket.off(event, onEvent).off("error", onError).off("close", onClose);
      signal.removeEventListener("abort", onAbort);
    };
    const fail = (error: unknown) => {
      settle();
      socket.on("error", () => {});
      socket.destroy();
      reject(error);
    };
    const onEvent = () => {
      settle();
      resolve();
    };
    const onError = (error: Error) => fail(failure(error));
    const onClose = () => fail(failure(new Error("the server closed the connection")));
    const onAbort = () => fail(signal.reason);
    socket.on(event, onEvent).on("error", onError).on("close", onClose);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
  });
}

function unavailable(code: UpstreamLost["code"], message: string): UpstreamUnavailable {
  return new UpstreamUnavailable({ code, message });
}

function tlsAdvice(error: Error): string {
  switch ("code" in error ? error.code : undefined) {
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return "Name the backend as its certificate does.";
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "CERT_SIGNATURE_FAILURE":
      return "Give the certificate of the authority that signed the backend's (ca).";
    case "CERT_HAS_EXPIRED":
      return "Renew the backend's certificate.";
    default:
      return "Does it speak TLS on this port, and does it want a client certificate?";
  }
}

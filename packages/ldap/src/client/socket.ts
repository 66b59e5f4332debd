/** Sockets to a server: TCP and Unix, and TLS over either. RFC 4511 §5.2, RFC 4513 §3. */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type PeerCertificate, type SecureContextOptions, type TLSSocket } from "node:tls";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import { LdapClientError } from "./error.ts";

/** TLS as node:tls has it. The certificate's chain and name are verified unless `rejectUnauthorized` is `false`. */
export interface TlsOptions extends SecureContextOptions {
  /** The name that the certificate must have, and that is sent as SNI, where it is not the host that is connected to. */
  readonly servername?: string;
  /** `false` accepts any certificate, so anybody on the way can read passwords. */
  readonly rejectUnauthorized?: boolean;
  readonly checkServerIdentity?: (host: string, certificate: PeerCertificate) => Error | undefined;
}

/** Dead peers are found by TCP even where no operation waits: an outstanding content synchronization may be quiet for days. */
const KEEP_ALIVE_INITIAL_DELAY_MS = 60_000;

/**
 * Opens a plain socket.
 *
 * @throws {LdapClientError} `ERR_CONNECT`; or `signal.reason` once the signal is aborted.
 */
export async function openSocket(endpoint: Endpoint, signal: AbortSignal): Promise<Socket> {
  const socket =
    endpoint.scheme === "ldapi"
      ? connect({ path: endpoint.path })
      : connect({
          host: endpoint.host,
          port: endpoint.port,
          noDelay: true,
          keepAlive: true,
          keepAliveInitialDelay: KEEP_ALIVE_INITIAL_DELAY_MS,
        });
  await established(socket, "connect", signal, (cause) => {
    const url = formatEndpoint(endpoint);
    return new LdapClientError(
      "ERR_CONNECT",
      `Cannot connect to ${url}: ${reasonText(cause)}. Is the server running there?`,
      { cause },
    );
  });
  return socket;
}

/**
 * Begins TLS on a socket on which nothing else reads any more; the socket is destroyed when it fails.
 *
 * @throws {LdapClientError} `ERR_TLS`; or `signal.reason` once the signal is aborted.
 */
export async function secureSocket(
  socket: Socket,
  endpoint: Endpoint,
  options: TlsOptions,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const host = options.servername ?? (endpoint.scheme === "ldapi" ? "localhost" : endpoint.host);
  const tlsSocket = connectTls({
    ...options,
    socket,
    host,
    ...(isIP(host) === 0 ? { servername: host } : { servername: "" }),
    // Said here so that NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment cannot turn verification off.
    rejectUnauthorized: options.rejectUnauthorized ?? true,
  });
  try {
    await established(tlsSocket, "secureConnect", signal, (cause) => {
      const text = `TLS with ${formatEndpoint(endpoint)} failed: ${reasonText(cause)}. ${tlsAdvice(cause)}`;
      return new LdapClientError("ERR_TLS", text, { cause });
    });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return tlsSocket;
}

/** Waits for `event`; a socket that fails, ends or is aborted before is destroyed. */
function established(
  socket: Socket,
  event: "connect" | "secureConnect",
  signal: AbortSignal,
  failure: (cause: unknown) => Error,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      socket.off(event, onEstablished).off("error", onError).off("close", onClose);
      signal.removeEventListener("abort", onAbort);
    };
    const fail = (error: unknown) => {
      settle();
      socket.on("error", () => {});
      socket.destroy();
      reject(error);
    };
    const onEstablished = () => {
      settle();
      resolve();
    };
    const onError = (error: Error) => fail(failure(error));
    const onClose = () => fail(failure(new Error("the server closed the connection")));
    const onAbort = () => fail(signal.reason);
    socket.on(event, onEstablished).on("error", onError).on("close", onClose);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
  });
}

function reasonText(cause: unknown): string {
  // A host with several addresses fails with one error each, and no message over all.
  if (cause instanceof AggregateError) return cause.errors.map(reasonText).join("; ");
  return cause instanceof Error ? cause.message : String(cause);
}

function tlsAdvice(cause: unknown): string {
  switch (cause instanceof Error && "code" in cause ? cause.code : undefined) {
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return "Connect by a name that the certificate has, or give that name as tls.servername.";
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "CERT_SIGNATURE_FAILURE":
      return "Give the certificate of the authority that signed the server's as tls.ca.";
    case "CERT_HAS_EXPIRED":
      return "Renew the server's certificate.";
    default:
      return "Does the server speak TLS on this port?";
  }
}

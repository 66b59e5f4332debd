/** What it takes to reach a server. */
import type { Socket } from "node:net";
import { type Endpoint, formatEndpoint, parseEndpoint } from "./endpoint.ts";
import { LdapClientError } from "./error.ts";
import { openSocket, secureSocket, type TlsOptions } from "./socket.ts";
import { startTimer } from "./timer.ts";

export type ConnectOptions = ConnectTarget & {
  /** For ldaps and StartTLS. */
  readonly tls?: TlsOptions;
  /** StartTLS before anything else, on an ldap or ldapi connection; when it fails there is no connection. */
  readonly startTls?: boolean;
  /** For name resolution, TCP and TLS together; 10 s when not given, 0 waits for ever. */
  readonly connectTimeoutMs?: number;
  /** The `timeoutMs` of operations that have none of their own; 60 s when not given, 0 waits for ever. */
  readonly operationTimeoutMs?: number;
  /** The largest message that is taken from the server; 32 MiB when not given. A larger one ends the connection. */
  readonly maxMessageBytes?: number;
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
};

/** `url` as `parseEndpoint` reads it; or host and port, `secure` for TLS from the first byte (ldaps). */
export type ConnectTarget =
  | { readonly url: string }
  | { readonly host: string; readonly port: number; readonly secure: boolean };

export const defaultConnectOptions = {
  connectTimeoutMs: 10_000,
  operationTimeoutMs: 60_000,
  maxMessageBytes: 32 * 1024 * 1024,
};

/** @throws {ParseError} `ERR_URL` */
export function connectEndpoint(options: ConnectOptions): Endpoint {
  const endpoint: Endpoint =
    "url" in options
      ? parseEndpoint(options.url)
      : { scheme: options.secure ? "ldaps" : "ldap", host: options.host, port: options.port };
  if (options.startTls === true && endpoint.scheme === "ldaps") {
    throw new TypeError("startTls is for ldap and ldapi connections; an ldaps connection is TLS from its first byte.");
  }
  return endpoint;
}

/** Runs `connect` for at most `timeoutMs`, 0 for no limit. @throws {LdapClientError} `ERR_CONNECT_TIMEOUT` */
export async function withConnectTimeout<Result>(
  endpoint: Endpoint,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  connect: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const deadline = new AbortController();
  const onTimeout = () => {
    const text = `${formatEndpoint(endpoint)} was not connected within ${timeoutMs} ms. Is a firewall in between?`;
    deadline.abort(new LdapClientError("ERR_CONNECT_TIMEOUT", text));
  };
  const timer = startTimer(timeoutMs, onTimeout);
  try {
    return await connect(signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]));
  } finally {
    clearTimeout(timer);
  }
}

/** A socket on which LDAP can be spoken at once; for StartTLS it is still in clear text. */
export async function openEndpoint(endpoint: Endpoint, tls: TlsOptions, signal: AbortSignal): Promise<Socket> {
  const socket = await openSocket(endpoint, signal);
  return endpoint.scheme === "ldaps" ? secureSocket(socket, endpoint, tls, signal) : socket;
}

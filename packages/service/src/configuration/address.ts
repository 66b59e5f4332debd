/** Where a service listens: `host:port`, and the same with a scheme in front (`ldaps://0.0.0.0:636`). */
import { isIPv6 } from "node:net";

/** `host` is a name or an address, IPv6 without brackets. Port 0 lets the system choose. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface ListenAddress<Scheme extends string = string> extends HostPort {
  readonly scheme: Scheme;
}

/** Reads `host:port`, IPv6 in brackets (RFC 3986 §3.2.2); without `defaultPort` the port must be there. */
export function parseHostPort(text: string, defaultPort?: number): HostPort | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_.-]+))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const [, ipv6, name, digits] = match;
  if (ipv6 !== undefined && !isIPv6(ipv6)) return undefined;
  const port = digits === undefined ? defaultPort : Number(digits);
  if (port === undefined || port > 65_535) return undefined;
  return { host: (ipv6 ?? name)!, port };
}

export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

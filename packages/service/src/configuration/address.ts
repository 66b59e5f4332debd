/** Where a service listens: `host:port`, and the same with a scheme in front (`ldaps://0.0.0.0:636`). */
import { isIPv6 } from "node:net";
import { z } from "zod";
import { valueMetadata } from "./schema-tree.ts";

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

/** A key of the form `host:port`. */
export function hostPort() {
  return z
    .string()
    .transform((text, context): HostPort => {
      const address = parseHostPort(text);
      if (address !== undefined) return address;
      context.addIssue({
        code: "custom",
        message: "must be host:port, such as 127.0.0.1:9400 or [::1]:9400",
        input: text,
      });
      return z.NEVER;
    })
    .register(valueMetadata, { valueType: "host:port" });
}

/**
 * A key of the form `scheme://host[:port]`, one of the schemes of `defaultPorts`: `listenUrl({ ldap: 389, ldaps: 636 })`.
 * Anything behind the port (a path, a query, a user name) is refused.
 */
export function listenUrl<const Ports extends Readonly<Record<string, number>>>(defaultPorts: Ports) {
  type Scheme = Extract<keyof Ports, string>;
  const schemes = Object.keys(defaultPorts) as Scheme[];
  return z
    .string()
    .transform((text, context): ListenAddress<Scheme> => {
      const scheme = schemes.find((name) => text.toLowerCase().startsWith(`${name}://`));
      const authority = scheme === undefined ? "" : text.slice(scheme.length + 3).replace(/\/$/, "");
      const address = scheme === undefined ? undefined : parseHostPort(authority, defaultPorts[scheme]);
      if (scheme !== undefined && address !== undefined) return { scheme, ...address };
      const examples = schemes.map((name) => `${name}://0.0.0.0:${defaultPorts[name]}`).join(" or ");
      context.addIssue({
        code: "custom",
        message: `must be an address to listen on, such as ${examples}`,
        input: text,
      });
      return z.NEVER;
    })
    .register(valueMetadata, { valueType: schemes.map((name) => `${name}://host:port`).join(" or ") });
}

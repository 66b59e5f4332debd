/** Addresses as keys of the configuration. */
import { z } from "zod";
import { type HostPort, type ListenAddress, parseHostPort } from "./address.ts";
import { valueMetadata } from "./schema-tree.ts";

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

/** The servers of a cluster as its configuration names them, and how each is spoken to. */
import { isIPv4 } from "node:net";
import { formatHostPort, type HostPort } from "../configuration/address.ts";

/**
 * - `ldaps`: TLS from the first byte (RFC 4513 §3 has StartTLS alone; ldaps is as everybody does it)
 * - `starttls`: StartTLS, without which nothing is sent
 * - `starttls-if-offered`: StartTLS where the server offers it, with whatever certificate, else clear text
 * - `none`: clear text
 */
export type NodeSecurity = "ldaps" | "starttls" | "starttls-if-offered" | "none";

export interface ClusterNode extends HostPort {
  /** Its own, or `HOST:PORT`. */
  readonly name: string;
  readonly security: NodeSecurity;
}

/** What of a `ClusterConfig` says where its servers are. */
export interface ClusterPlace {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly nodes?:
    | readonly { readonly host: string; readonly port?: number | undefined; readonly name?: string | undefined }[]
    | undefined;
  readonly tls?: WrittenMode | { readonly mode?: WrittenMode | undefined } | undefined;
  readonly allow_cleartext: boolean;
}

type WrittenMode = "ldaps" | "starttls" | "none";

/** In the order of configuration: the first is the one that takes writes. */
export function clusterNodes({
  host,
  port,
  nodes,
  tls,
  allow_cleartext: allowsCleartext,
}: ClusterPlace): ClusterNode[] {
  const mode = typeof tls === "object" ? tls.mode : tls;
  const written = nodes ?? (host === undefined ? [] : [{ host, port }]);
  return written.map((node) => {
    const { host } = node;
    const port = node.port ?? (mode === "ldaps" ? 636 : 389);
    const name = ("name" in node ? node.name : undefined) ?? formatHostPort({ host, port });
    const mayBeClear = tls === undefined && (allowsCleartext || isLoopback(host));
    return {
      name,
      host,
      port,
      security: mode ?? (port === 636 ? "ldaps" : mayBeClear ? "starttls-if-offered" : "starttls"),
    };
  });
}

/** Whether only this machine reaches it. A name is not looked up: `localhost` is one that needs none (RFC 6761 §6.3). */
export function isLoopback(host: string): boolean {
  return /^localhost\.?$/i.test(host) || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

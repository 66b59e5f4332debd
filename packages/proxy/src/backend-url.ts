/** Where a backend is: `ldaps://host[:port]`, `ldap://host[:port]`, or the servers of a domain, `srv+ldaps://domain` (RFC 2782). */
import { formatHostPort, parseHostPort } from "@espalier/service";

export interface BackendUrl {
  readonly scheme: "ldap" | "ldaps";
  /** A name or an address; of SRV records the domain that has them. */
  readonly host: string;
  /** Of SRV records the port is theirs. */
  readonly port: number;
  readonly isSrv: boolean;
}

const defaultPorts = { ldap: 389, ldaps: 636 } as const;

/** A name without a scheme is ldaps: what is not said is encrypted. `undefined` for anything else, and for what follows the port. */
export function parseBackendUrl(text: string): BackendUrl | undefined {
  const [, srv, written = "ldaps", authority = text] = /^(?:(srv\+)?(ldaps?):\/\/)?(.*?)\/?$/i.exec(text) ?? [];
  const scheme = written.toLowerCase() as BackendUrl["scheme"];
  const address = parseHostPort(authority, defaultPorts[scheme]);
  if (address === undefined || address.port === 0) return undefined;
  if (srv === undefined) return { scheme, ...address, isSrv: false };
  // Its port is not asked for, so one that is written would count for nothing.
  return /[:\]]/.test(authority) ? undefined : { scheme, ...address, isSrv: true };
}

export function formatBackendUrl({ scheme, host, port, isSrv }: BackendUrl): string {
  return isSrv ? `srv+${scheme}://${host}` : `${scheme}://${formatHostPort({ host, port })}`;
}

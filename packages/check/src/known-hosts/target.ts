/** A host whose keys are scanned: as it is written on a command line, and as known_hosts names it. */
import { knownHostName } from "../inputs/known-hosts.ts";

export interface ScanTarget {
  /** A name or an address; of IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** `ldap1.example.com`, `[ldap1.example.com]:2222`: its name in known_hosts. */
  readonly name: string;
}

/** `HOST`, `HOST:PORT`, `[2001:db8::1]:PORT`; undefined for anything else. */
export function parseScanTarget(text: string): ScanTarget | undefined {
  const [, bracketed, plain, port = "22"] =
    /^(?:\[([0-9A-Za-z:.%_-]+)\]|([0-9A-Za-z_][0-9A-Za-z._-]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host =
    bracketed ?? plain ?? (/^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.%\w]*$/.test(text) ? text : undefined);
  const number = Number(port);
  // ssh-keyscan would take what begins with a hyphen for an option.
  if (host === undefined || host.startsWith("-") || number < 1 || number > 65_535) return undefined;
  return { host, port: number, name: knownHostName(host, number) };
}

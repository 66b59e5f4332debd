/** Servers that a domain names in its SRV records (RFC 2782), each as a target of its own. */
import type { SrvRecord } from "node:dns";
import { resolveSrv } from "node:dns/promises";
import { formatHostPort } from "@espalier/service";
import { reasonOf } from "./probe.ts";
import type { NodeTarget } from "./targets.ts";

export interface FoundServers {
  readonly nodes: readonly NodeTarget[];
  /** The domain, where its records could not be had, and why. */
  readonly failure?: { readonly target: NodeTarget; readonly reason: string };
}

/** @param resolve DNS, but in tests. */
export async function serversOf(
  target: NodeTarget,
  signal: AbortSignal,
  resolve: (name: string) => Promise<readonly Pick<SrvRecord, "name" | "port">[]> = resolveSrv,
): Promise<FoundServers> {
  if (target.isSrv !== true) return { nodes: [target] };
  const name = `_${target.security === "ldaps" ? "ldaps" : "ldap"}._tcp.${target.host}`;
  const gone = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  try {
    const records = await Promise.race([resolve(name), gone]);
    // One record that names the root says that the domain does not offer the service.
    const offered = records.filter((record) => record.name !== "" && record.name !== ".");
    if (offered.length === 0) throw new Error(`there are no SRV records ${name}`);
    return {
      nodes: offered.map(({ name: host, port }) => {
        return { ...target, host, port, name: formatHostPort({ host, port }), isSrv: false };
      }),
    };
  } catch (error) {
    return { nodes: [], failure: { target, reason: reasonOf(error) } };
  }
}

/** Clusters as the manager has them, over the servers of a test, with what they report. */

import { type ClusterConfig, clusterConfig, createLog, createMetrics, type NewEvent } from "@espalier/service";
import type { Slapd } from "@espalier/tests/lab";
import type { z } from "zod";
import type { Cluster } from "../../src/clusters/cluster.ts";
import { createClusters, type WatchedClusters } from "../../src/clusters/clusters.ts";
import type { Identity } from "../../src/clusters/identity.ts";

export interface Watched extends AsyncDisposable {
  readonly clusters: WatchedClusters;
  /** The first, or only, one. */
  readonly cluster: Cluster;
  readonly events: readonly NewEvent[];
  /** Keys of identities that were refused. */
  readonly refused: readonly string[];
  readonly log: readonly string[];
  /** The lines of /metrics whose name begins so, without comments. */
  metrics(prefix: string): Promise<string[]>;
}

export type WrittenCluster = Omit<z.input<typeof clusterConfig>, "name">;

export function configOf(written: WrittenCluster): ClusterConfig {
  return clusterConfig.parse({ name: "main", ...written });
}

export async function watch(written: WrittenCluster, more: { now?: () => number } = {}): Promise<Watched> {
  const events: NewEvent[] = [];
  const refused: string[] = [];
  const log: string[] = [];
  const metrics = createMetrics();
  const clusters = await createClusters([configOf(written)], {
    ...more,
    metrics,
    logger: createLog({ level: "trace", destination: (line) => log.push(line) }).logger("manager"),
    events: { emit: (event) => events.push(event) },
    onRefused: (key) => refused.push(key),
  });
  return {
    ...{ clusters, cluster: clusters.get("main"), events, refused, log },
    metrics: async (prefix) => (await metrics.text()).split("\n").filter((line) => line.startsWith(prefix)),
    [Symbol.asyncDispose]: () => clusters.close(),
  };
}

/** Somebody who binds with a name and a password. */
export function person(dn: string, password: string, key = dn): Identity {
  return { key, dn, bind: async (client) => void (await client.bind(dn, password)), controls: [] };
}

export function administrator({ rootDn, rootPassword }: Pick<Slapd, "rootDn" | "rootPassword">): Identity {
  return person(rootDn, rootPassword);
}

export const anybody: Identity = { key: "anybody", dn: "", bind: async () => {}, controls: [] };

export const baseDn = "dc=example,dc=com";

/** The base, `ou=people`, and people who can bind with `pw-NAME`. */
export function directory(...names: string[]): string {
  const unit = `dn: ou=people,${baseDn}\nobjectClass: organizationalUnit\nou: people\n`;
  const people = names.map(
    (name) =>
      `dn: uid=${name},ou=people,${baseDn}\nobjectClass: inetOrgPerson\nuid: ${name}\ncn: ${name}\nsn: ${name}\nuserPassword: pw-${name}\n`,
  );
  return [
    `dn: ${baseDn}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: example\n`,
    unit,
    ...people,
  ].join("\n");
}

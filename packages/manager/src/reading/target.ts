/** What a request is about: a cluster, and as whom. */
import type { Cluster, Clusters } from "../clusters/cluster.ts";
import type { Identity } from "../clusters/identity.ts";
import type { Session } from "../sessions/session.ts";

export interface Target {
  readonly cluster: Cluster;
  readonly identity: Identity;
}

/** @throws ApiError `no_such_cluster`, `not_connected` */
export function targetOf(
  clusters: Clusters,
  { params, session }: { readonly params: { readonly cluster: string }; readonly session: Session },
): Target {
  const cluster = clusters.get(params.cluster);
  return { cluster, identity: session.identity(cluster.name) };
}

/** The clusters of the configuration, watched from the start; the only servers that the manager ever connects to. */
import { setTimeout as delay } from "node:timers/promises";
import { type ClusterConfig, clusterNodes, type EventSink, type Logger, type Metrics } from "@espalier/service";
import { ApiError } from "../api/problem.ts";
import type { Cluster, Clusters } from "./cluster.ts";
import { type FinishedWork, LdapCluster } from "./ldap-cluster.ts";
import { clusterMetrics } from "./metrics.ts";
import { Node } from "./node.ts";
import { NodeEndpoint } from "./node-endpoint.ts";
import { loadClusterTls } from "./tls-files.ts";

export interface ClustersOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly events: EventSink;
  /** Milliseconds since 1970; the system's clock unless told. */
  readonly now?: () => number;
  /** A directory does not accept the secret of this identity any more (a new password, a disabled account): it is to be forgotten. */
  readonly onRefused?: (identityKey: string) => void;
}

export interface WatchedClusters extends Clusters, AsyncDisposable {
  /** Of people to nodes, open or opening. */
  readonly connectionCount: number;
  /** Closes the connections of somebody who has signed out, or whose secret is no longer known. */
  forget(identityKey: string): void;
  /** Closes gracefully: what is under way may end first, for a moment. */
  close(): Promise<void>;
}

const sweepIntervalMs = 1_000;
const closeTimeoutMs = 2_000;

/** @throws CertificateError for TLS files that cannot be used */
export async function createClusters(
  configs: readonly ClusterConfig[],
  { logger, metrics, events, now = Date.now, onRefused = () => {} }: ClustersOptions,
): Promise<WatchedClusters> {
  const { nodeUp, nodeConnections, operations, durations } = metrics.register(clusterMetrics);
  const made = await Promise.all(
    configs.map(async (config) => {
      const { name: cluster } = config;
      const tls = await loadClusterTls(config);
      const nodes: Node[] = clusterNodes(config).map(
        (each, index): Node =>
          new Node({
            ...{ cluster, pool: config.pool, isWriteNode: index === 0, now, events, logger },
            endpoint: new NodeEndpoint(each, config, tls),
            hasUsableOthers: () => nodes.some((other) => other.name !== each.name && other.isUsable),
          }),
      );
      // A rate begins with the second count of a series, and one of these is worth an alert.
      for (const { name: node } of nodes) {
        operations.labels({ directory: cluster, node, kind: "write", outcome: "in_doubt" });
      }
      const onWork = ({ node, kind, outcome, seconds }: FinishedWork) => {
        operations.labels({ directory: cluster, node, kind, outcome }).inc();
        durations.labels({ directory: cluster, kind }).observe(seconds);
      };
      return { nodes, cluster: new LdapCluster({ config, nodes, now, onRefused, onWork }) };
    }),
  );
  const all: readonly Cluster[] = made.map(({ cluster }) => cluster);
  const nodes = made.flatMap(({ nodes }) => nodes);
  for (const { health } of nodes) health.start();
  const sweeping = setInterval(() => {
    for (const { pools } of nodes) pools.sweep();
  }, sweepIntervalMs);
  metrics.onCollect(() => {
    nodeUp.reset();
    nodeConnections.reset();
    for (const { cluster, nodes } of made) {
      for (const { name: node, health, pools } of nodes) {
        if (health.state !== "unknown")
          nodeUp.labels({ directory: cluster.name, node }).set(health.state === "up" ? 1 : 0);
        for (const [state, count] of Object.entries(pools.counts)) {
          nodeConnections.labels({ directory: cluster.name, node, state }).set(count);
        }
      }
    }
  });
  const close = async () => {
    clearInterval(sweeping);
    for (const { health } of nodes) health.stop();
    const patience = new AbortController();
    const closed = Promise.all(nodes.map(({ pools }) => pools.close()));
    const patienceIsOver = delay(closeTimeoutMs, undefined, { signal: patience.signal }).catch(() => undefined);
    await Promise.race([closed, patienceIsOver]);
    patience.abort();
    for (const { pools } of nodes) pools.destroy();
  };
  return {
    all,
    get connectionCount() {
      const counts = nodes.flatMap(({ pools }) => Object.values(pools.counts));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    get: (name) => {
      const cluster = all.find((each) => each.name === name);
      if (cluster === undefined) throw new ApiError("no_such_cluster", `There is no cluster ${JSON.stringify(name)}.`);
      return cluster;
    },
    forget: (identityKey) => {
      for (const { pools } of nodes) pools.forget(identityKey);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

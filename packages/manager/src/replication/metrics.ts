/** What the sampler measures. */
import type { MetricDefinition } from "@espalier/service";

export const replicationMetrics = {
  lag: {
    type: "gauge",
    name: "espalier_manager_replication_lag_seconds",
    help: "How far the newest change that a node has of a server is behind the newest that any node has of it. Absent where it is not known.",
    labels: ["directory", "node", "server_id"],
    aggregator: "max",
  },
  unknown: {
    type: "gauge",
    name: "espalier_manager_replication_unknown",
    help: "1 where it is not known whether a node has all changes.",
    labels: ["directory", "node"],
    aggregator: "max",
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

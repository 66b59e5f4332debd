/** The metrics of clusters: names, labels and meaning. */
import type { MetricDefinition } from "@espalier/service";
import { durationBuckets } from "../duration-buckets.ts";

export const clusterMetrics = {
  nodeUp: {
    type: "gauge",
    name: "espalier_manager_node_up",
    help: "1 while the node answers, 0 while it does not; nothing before it was asked.",
    labels: ["directory", "node"],
    aggregator: "min",
  },
  nodeConnections: {
    type: "gauge",
    name: "espalier_manager_node_connections",
    help: "Connections of people to the node: lent (in use), idle, opening.",
    labels: ["directory", "node", "state"],
    aggregator: "sum",
  },
  operations: {
    type: "counter",
    name: "espalier_manager_operations_total",
    help: "Pieces of work on a node, by kind (read, write, pin: the loan of a connection that is kept) and outcome: ok, refused (its answer), lost (reads and unsent writes go to another node), in_doubt (a write whose answer was lost).",
    labels: ["directory", "node", "kind", "outcome"],
  },
  durations: {
    type: "histogram",
    name: "espalier_manager_operation_duration_seconds",
    help: "How long a piece of work took on its node, with the wait for a connection.",
    labels: ["directory", "kind"],
    buckets: durationBuckets,
  },
} as const satisfies Record<string, MetricDefinition>;

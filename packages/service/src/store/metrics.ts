/** The store's metrics: names, labels and meaning. */
import type { MetricDefinition } from "../metrics/definition.ts";

export const storeMetrics = {
  waiting: {
    type: "gauge",
    name: "espalier_store_waiting_writes",
    help: "Writers that wait for a transaction.",
    labels: [],
    aggregator: "sum",
  },
  durations: {
    type: "histogram",
    name: "espalier_store_write_duration_seconds",
    help: "From asking for a write to its commit on stable storage.",
    labels: [],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  commits: {
    type: "counter",
    name: "espalier_store_commits_total",
    help: "Transactions that were committed; several writers may share one.",
    labels: [],
  },
  failures: {
    type: "counter",
    name: "espalier_store_write_failures_total",
    help: "Writes that were not committed, by the error's code.",
    labels: ["code"],
  },
  available: {
    type: "gauge",
    name: "espalier_store_available",
    help: "0 when the last use of the store found it away, 1 when not.",
    labels: [],
    aggregator: "min",
  },
} as const satisfies Record<string, MetricDefinition>;

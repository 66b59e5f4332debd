/** The event log's metrics: names, labels and meaning. */
import type { MetricDefinition } from "../metrics/definition.ts";

export const eventMetrics = {
  stored: {
    type: "counter",
    name: "espalier_events_stored_total",
    help: "Events that this process stored, by severity.",
    labels: ["severity"],
  },
  duplicates: {
    type: "counter",
    name: "espalier_events_duplicates_total",
    help: "Events that were not stored again, because another one with their dedupe key was within the window.",
    labels: [],
  },
  unstored: {
    type: "counter",
    name: "espalier_events_unstored_total",
    help: "Events that went to the log of this process and not to the store, by reason.",
    labels: ["reason"],
  },
  waiting: {
    type: "gauge",
    name: "espalier_events_waiting",
    help: "Events that were reported and are not stored yet.",
    labels: [],
    aggregator: "sum",
  },
  removed: {
    type: "counter",
    name: "espalier_events_removed_total",
    help: "Events that this process removed because they were older than their retention, by kind.",
    labels: ["kind"],
  },
} as const satisfies Record<string, MetricDefinition>;

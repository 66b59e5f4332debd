/** The metrics of changes: names, labels and meaning. */
import type { MetricDefinition } from "@espalier/service";
import { durationBuckets } from "../duration-buckets.ts";

export const changeMetrics = {
  changes: {
    type: "counter",
    name: "espalier_manager_changes_total",
    help: "Changes that were tried, by kind and by what became of them.",
    labels: ["directory", "type", "status"],
  },
  durations: {
    type: "histogram",
    name: "espalier_manager_change_duration_seconds",
    help: "From sending a change, with what had to be read for it, to its answer.",
    labels: ["directory", "type"],
    buckets: durationBuckets,
  },
  unrecorded: {
    type: "gauge",
    name: "espalier_manager_changes_unrecorded",
    help: "Outcomes that wait for the store to come back; on a healthy day none.",
    labels: [],
    aggregator: "sum",
  },
} as const satisfies Record<string, MetricDefinition>;

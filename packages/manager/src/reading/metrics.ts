/** What reading counts. */
import type { MetricDefinition, Metrics } from "@espalier/service";

export const readingMetrics = {
  cursors: {
    type: "gauge",
    name: "espalier_manager_search_cursors",
    help: "Searches that are being read page by page, each with a connection of its own.",
    labels: [],
    aggregator: "sum",
  },
  streams: {
    type: "gauge",
    name: "espalier_manager_search_streams",
    help: "Searches that are being streamed.",
    labels: [],
    aggregator: "sum",
  },
  streamed: {
    type: "counter",
    name: "espalier_manager_streamed_entries_total",
    help: "Entries sent in streams.",
    labels: [],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export function registerReadingMetrics(metrics: Metrics) {
  return metrics.register(readingMetrics);
}

export type ReadingMetrics = ReturnType<typeof registerReadingMetrics>;

/** The metrics of exports and imports. */
import type { MetricDefinition } from "@espalier/service";

export const transferMetrics = {
  exported: {
    type: "counter",
    name: "espalier_manager_exported_entries_total",
    help: "Entries that were exported, in exports that broke too.",
    labels: ["format"],
  },
  imported: {
    type: "counter",
    name: "espalier_manager_imported_entries_total",
    help: "What became of entries and changes of imports: applied, unchanged, failed, in_doubt. Dry runs are not counted.",
    labels: ["result"],
  },
  jobs: {
    type: "gauge",
    name: "espalier_manager_jobs",
    help: "Imports of this process that wait (queued) or are under way (running).",
    labels: ["state"],
    aggregator: "sum",
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

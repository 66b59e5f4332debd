/** The metrics of the checks of what runs: names, labels and meaning. */
import type { MetricDefinition } from "@espalier/service";

export const checkMetrics = {
  findings: {
    type: "gauge",
    name: "espalier_check_findings",
    help: "Findings about what runs that are not over and that nobody has taken on, by rule and by what they are about.",
    labels: ["rule", "severity", "subject"],
    aggregator: "max",
  },
  lastRun: {
    type: "gauge",
    name: "espalier_check_last_run_timestamp_seconds",
    help: "When the last look at what runs ended; 0 before the first.",
    labels: [],
    aggregator: "max",
  },
  interval: {
    type: "gauge",
    name: "espalier_check_interval_seconds",
    help: "How often what runs is looked at.",
    labels: [],
    aggregator: "max",
  },
  duration: {
    type: "gauge",
    name: "espalier_check_run_duration_seconds",
    help: "How long the last look took.",
    labels: [],
    aggregator: "max",
  },
  unreadable: {
    type: "gauge",
    name: "espalier_check_unreadable",
    help: "What could not be looked at the last time, and of which no rule tells.",
    labels: [],
    aggregator: "max",
  },
  lastBackup: {
    type: "gauge",
    name: "espalier_backup_created_timestamp_seconds",
    help: "When the newest backup in the folder was made, in Unix time; not there where there is none.",
    labels: ["folder"],
    aggregator: "max",
  },
  lastDrill: {
    type: "gauge",
    name: "espalier_backup_drilled_timestamp_seconds",
    help: "When a backup in the folder was last restored to try it, and was the same; not there where none was.",
    labels: ["folder"],
    aggregator: "max",
  },
} as const satisfies Record<string, MetricDefinition>;

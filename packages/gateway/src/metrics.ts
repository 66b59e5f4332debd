/** The gateway's metrics: names, labels and meaning. */
import type { MetricDefinition } from "@espalier/service";

const latencyBuckets = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

export const gatewayMetrics = {
  operations: {
    type: "counter",
    name: "espalier_gateway_operations_total",
    help: "LDAP operations by kind and result code.",
    labels: ["operation", "result"],
  },
  durations: {
    type: "histogram",
    name: "espalier_gateway_operation_duration_seconds",
    help: "From the decoded request to its answer.",
    labels: ["operation"],
    buckets: latencyBuckets,
  },
  entriesSent: {
    type: "counter",
    name: "espalier_gateway_entries_sent_total",
    help: "Entries that searches returned.",
    labels: [],
  },
  bindRefusals: {
    type: "counter",
    name: "espalier_gateway_bind_refusals_total",
    help: "Binds that were refused or dropped, by reason.",
    labels: ["reason"],
  },
  connections: {
    type: "gauge",
    name: "espalier_gateway_connections",
    help: "Client connections that are open.",
    labels: [],
    aggregator: "sum",
  },
  connectionsOpened: {
    type: "counter",
    name: "espalier_gateway_connections_opened_total",
    help: "Client connections that were taken.",
    labels: [],
  },
  connectionsRefused: {
    type: "counter",
    name: "espalier_gateway_connections_refused_total",
    help: "Client connections beyond the limits.",
    labels: [],
  },
  connectionsClosed: {
    type: "counter",
    name: "espalier_gateway_connections_closed_total",
    help: "Client connections that ended, by reason.",
    labels: ["reason"],
  },
  entries: {
    type: "gauge",
    name: "espalier_gateway_snapshot_entries",
    help: "Entries that are served.",
    labels: ["kind"],
    aggregator: "max",
  },
  skippedRows: {
    type: "gauge",
    name: "espalier_gateway_skipped_rows",
    help: "Rows of the last refresh that cannot be an entry.",
    labels: [],
    aggregator: "max",
  },
  certificateExpires: {
    type: "gauge",
    name: "espalier_gateway_certificate_expires_timestamp_seconds",
    help: "When the certificate that clients are shown runs out, in Unix time; not there where there is none.",
    labels: [],
    aggregator: "min",
  },
  snapshotAge: {
    type: "gauge",
    name: "espalier_gateway_snapshot_age_seconds",
    help: "Since the database last answered a whole refresh.",
    labels: [],
    aggregator: "max",
  },
  snapshotBytes: {
    type: "gauge",
    name: "espalier_gateway_snapshot_bytes",
    help: "Memory of encoded entries.",
    labels: [],
    aggregator: "sum",
  },
  databaseAway: {
    type: "gauge",
    name: "espalier_gateway_database_away",
    help: "1 while the database does not answer.",
    labels: [],
    aggregator: "max",
  },
  refreshes: {
    type: "histogram",
    name: "espalier_gateway_refresh_duration_seconds",
    help: "Time a refresh takes, the database's included, by result.",
    labels: ["result"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  },
  pendingHashes: {
    type: "gauge",
    name: "espalier_gateway_pending_password_hashes",
    help: "Slow password hashes being computed or waiting for it.",
    labels: [],
    aggregator: "sum",
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** The proxy's metrics: names, labels and meaning. */
import type { MetricDefinition } from "@espalier/service";

const latencyBuckets = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

export const proxyMetrics = {
  operations: {
    type: "counter",
    name: "espalier_proxy_operations_total",
    help: "LDAP operations of clients by kind and result code; `unanswered` for those without one.",
    labels: ["operation", "result"],
  },
  durations: {
    type: "histogram",
    name: "espalier_proxy_operation_duration_seconds",
    help: "From a client's request to its last answer.",
    labels: ["operation"],
    buckets: latencyBuckets,
  },
  certificateExpires: {
    type: "gauge",
    name: "espalier_proxy_certificate_expires_timestamp_seconds",
    help: "When the certificate that clients are shown runs out, in Unix time; not there where there is none.",
    labels: [],
    aggregator: "min",
  },
  queueDurations: {
    type: "histogram",
    name: "espalier_proxy_queue_duration_seconds",
    help: "Time that operations waited for a place at a backend; those that did not wait are not in it.",
    labels: [],
    buckets: latencyBuckets,
  },
  routed: {
    type: "counter",
    name: "espalier_proxy_routed_operations_total",
    help: "Operations by the backend that answered, or was last tried, and why it was chosen.",
    labels: ["backend", "reason"],
  },
  backendDurations: {
    type: "histogram",
    name: "espalier_proxy_backend_duration_seconds",
    help: "From the request to the last answer, without the time in the queue, by backend.",
    labels: ["backend"],
    buckets: latencyBuckets,
  },
  moved: {
    type: "counter",
    name: "espalier_proxy_moved_operations_total",
    help: "Operations that were sent to another backend after the first had failed.",
    labels: [],
  },
  inDoubt: {
    type: "counter",
    name: "espalier_proxy_writes_in_doubt_total",
    help: "Writes that were sent and never answered; they are not sent again.",
    labels: [],
  },
  refusals: {
    type: "counter",
    name: "espalier_proxy_refused_operations_total",
    help: "Operations that the proxy refused itself, by what refused them.",
    labels: ["by"],
  },
  firewallRefusals: {
    type: "counter",
    name: "espalier_proxy_firewall_refusals_total",
    help: "Operations that a rule of the firewall refused.",
    labels: ["rule"],
  },
  entriesSent: {
    type: "counter",
    name: "espalier_proxy_entries_sent_total",
    help: "Entries passed on to clients.",
    labels: [],
  },
  bytesSent: {
    type: "counter",
    name: "espalier_proxy_answer_bytes_total",
    help: "Bytes of LDAP in answers to clients.",
    labels: [],
  },
  connections: {
    type: "gauge",
    name: "espalier_proxy_connections",
    help: "Client connections that are open.",
    labels: [],
    aggregator: "sum",
  },
  connectionsOpened: {
    type: "counter",
    name: "espalier_proxy_connections_opened_total",
    help: "Client connections that were taken, by listener.",
    labels: ["listener"],
  },
  connectionsRefused: {
    type: "counter",
    name: "espalier_proxy_connections_refused_total",
    help: "Client connections that never got as far as a request, by reason.",
    labels: ["reason"],
  },
  connectionsClosed: {
    type: "counter",
    name: "espalier_proxy_connections_closed_total",
    help: "Client connections that ended, by reason.",
    labels: ["reason"],
  },
  backendUp: {
    type: "gauge",
    name: "espalier_proxy_backend_up",
    help: "1 while a backend's checks succeed, degraded or not; 0 while it is down.",
    labels: ["backend"],
    aggregator: "min",
  },
  backendReady: {
    type: "gauge",
    name: "espalier_proxy_backend_accepts_new",
    help: "1 while a backend is given new work: 0 also in drain and maint.",
    labels: ["backend"],
    aggregator: "min",
  },
  backendConnections: {
    type: "gauge",
    name: "espalier_proxy_backend_connections",
    help: "Connections to a backend that are open.",
    labels: ["backend"],
    aggregator: "sum",
  },
  backendPending: {
    type: "gauge",
    name: "espalier_proxy_backend_pending_operations",
    help: "Operations under way at a backend.",
    labels: ["backend"],
    aggregator: "sum",
  },
  writeNode: {
    type: "gauge",
    name: "espalier_proxy_write_node",
    help: "1 for the backend that takes the writes; two proxies that disagree show here.",
    labels: ["backend"],
    aggregator: "max",
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

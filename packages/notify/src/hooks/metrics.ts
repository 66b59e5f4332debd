/** The metrics of webhooks: names, labels and meaning. The first four, and `notification_delivery_total`, have names that others rely on. */
import type { MetricDefinition } from "@espalier/service";

export const hookMetrics = {
  requests: {
    type: "counter",
    name: "webhook_requests_total",
    help: "Requests, by the name of their source or route, and the source's verifier (`generic` for hub).",
    labels: ["method", "endpoint", "status_code", "source_type"],
  },
  durations: {
    type: "histogram",
    name: "webhook_request_duration_seconds",
    help: "From a request's headers until its answer.",
    labels: ["endpoint", "source_type"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  authenticationFailures: {
    type: "counter",
    name: "webhook_auth_failures_total",
    help: "Requests without valid credentials, by the reason that their sender is not told.",
    labels: ["source_type", "failure_reason"],
  },
  connections: {
    type: "gauge",
    name: "webhook_active_connections",
    help: "Connections that are open.",
    labels: [],
    aggregator: "sum",
  },
  duplicates: {
    type: "counter",
    name: "webhook_duplicates_total",
    help: "Requests that had been accepted before.",
    labels: ["source_type"],
  },
  rateLimited: {
    type: "counter",
    name: "webhook_rate_limited_total",
    help: "Requests beyond a limit: gathered into one event, or refused.",
    labels: ["source_type", "action"],
  },
  lastSeen: {
    type: "gauge",
    name: "webhook_source_last_seen_timestamp_seconds",
    help: "When the source last sent something valid to this node.",
    labels: ["source"],
    aggregator: "max",
  },
  silent: {
    type: "gauge",
    name: "webhook_silent_devices",
    help: "Devices that have not been heard for longer than their source allows.",
    labels: ["source"],
    aggregator: "max",
  },
  rejections: {
    type: "counter",
    name: "webhook_rejections_unkept_total",
    help: "Rejected requests that were not kept for inspection, because more came than are.",
    labels: [],
  },
} as const satisfies Record<string, MetricDefinition>;

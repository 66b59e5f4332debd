/** The metrics of deliveries: names, labels and meaning. What a gauge says of the store is the same on every node. */
import type { MetricDefinition } from "@espalier/service";

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export const deliveryMetrics = {
  attempts: {
    type: "counter",
    name: "notification_delivery_total",
    help: "Attempts to deliver, by kind of channel: success, retry (another follows), failure (a dead letter), expired, lost (its node died).",
    labels: ["delivery_method", "status"],
  },
  durations: {
    type: "histogram",
    name: "notification_delivery_duration_seconds",
    help: "How long a channel took for an attempt.",
    labels: ["delivery_method"],
    buckets: seconds,
  },
  endToEnd: {
    type: "histogram",
    name: "notification_end_to_end_seconds",
    help: "From the acceptance of an event, or the end of a wait that its route asked for, until it was delivered.",
    labels: [],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 36_000, 86_400],
  },
  depth: {
    type: "gauge",
    name: "notification_queue_depth",
    help: "Deliveries that are neither finished nor dead, those included that wait for their time.",
    labels: ["delivery_method"],
    aggregator: "max",
  },
  oldest: {
    type: "gauge",
    name: "notification_oldest_pending_seconds",
    help: "For how long the delivery has been due that has been due for longest.",
    labels: [],
    aggregator: "max",
  },
  dead: {
    type: "gauge",
    name: "notification_dead_letters",
    help: "Deliveries that failed for good and were neither sent again nor purged.",
    labels: [],
    aggregator: "max",
  },
  disabled: {
    type: "gauge",
    name: "notification_channel_disabled",
    help: "1 while the channel is not used because it failed for too long, or its peer refuses it.",
    labels: ["channel"],
    aggregator: "max",
  },
} as const satisfies Record<string, MetricDefinition>;

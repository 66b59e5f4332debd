/** The router's metrics: names, labels and meaning. */
import type { MetricDefinition } from "@espalier/service";

export const routingMetrics = {
  routed: {
    type: "counter",
    name: "notification_events_routed_total",
    help: "Events that this node routed: told to somebody, not told again (suppressed), or matched by no route.",
    labels: ["result"],
  },
  escalations: {
    type: "counter",
    name: "notification_escalations_total",
    help: "Steps of escalation that this node told, because nobody had acknowledged.",
    labels: [],
  },
  unrouted: {
    type: "gauge",
    name: "notification_unrouted_events",
    help: "Stored events that no node has routed yet.",
    labels: [],
    aggregator: "max",
  },
} as const satisfies Record<string, MetricDefinition>;

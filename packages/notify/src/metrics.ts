/** All metrics of the service, for the reference page. */
import type { MetricDefinition } from "@espalier/service";
import { approvalMetrics } from "./approvals/metrics.ts";
import { canaryMetrics } from "./canary.ts";
import { deliveryMetrics } from "./deliveries/metrics.ts";
import { hookMetrics } from "./hooks/metrics.ts";
import { routingMetrics } from "./routes/metrics.ts";

/** By their names: two parts may call a metric of theirs `requests`. */
export const notifyMetrics: Readonly<Record<string, MetricDefinition>> = Object.fromEntries(
  [hookMetrics, deliveryMetrics, routingMetrics, canaryMetrics, approvalMetrics]
    .flatMap((metrics) => Object.values<MetricDefinition>(metrics))
    .map((metric) => [metric.name, metric]),
);

/** All metrics of the service, for the reference page. */
import type { MetricDefinition } from "@espalier/service";
import { changeMetrics } from "./changes/metrics.ts";
import { clusterMetrics } from "./clusters/metrics.ts";
import { readingMetrics } from "./reading/metrics.ts";
import { replicationMetrics } from "./replication/metrics.ts";
import { requestMetrics } from "./request-metrics.ts";
import { sessionMetrics } from "./sessions/metrics.ts";
import { transferMetrics } from "./transfer/metrics.ts";

/** By their names: two parts may call a metric of theirs the same. */
export const managerMetrics: Readonly<Record<string, MetricDefinition>> = Object.fromEntries(
  [requestMetrics, clusterMetrics, sessionMetrics, readingMetrics, changeMetrics, transferMetrics, replicationMetrics]
    .flatMap((metrics) => Object.values<MetricDefinition>(metrics))
    .map((metric) => [metric.name, metric]),
);

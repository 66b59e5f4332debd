/** The metrics of approvals: names, labels and meaning. */
import type { MetricDefinition } from "@espalier/service";

export const approvalMetrics = {
  requests: {
    type: "counter",
    name: "approval_requests_total",
    help: "Requests for an approval, by how they ended: approved, rejected, expired, unavailable, or refused without asking.",
    labels: ["outcome"],
  },
  waits: {
    type: "histogram",
    name: "approval_wait_seconds",
    help: "From the request to the person's answer.",
    labels: [],
    buckets: [1, 2.5, 5, 10, 15, 20, 30, 45, 60, 120, 300],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

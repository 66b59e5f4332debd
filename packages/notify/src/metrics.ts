/** All metrics of the service, for the reference page. */
import { approvalMetrics } from "./approvals/metrics.ts";
import { canaryMetrics } from "./canary.ts";
import { deliveryMetrics } from "./deliveries/metrics.ts";
import { hookMetrics } from "./hooks/metrics.ts";
import { routingMetrics } from "./routes/metrics.ts";

export const notifyMetrics = {
  ...hookMetrics,
  ...deliveryMetrics,
  ...routingMetrics,
  ...canaryMetrics,
  ...approvalMetrics,
};

/** The metrics of sessions: names, labels and meaning. */
import type { MetricDefinition, Metrics } from "@espalier/service";

export const sessionMetrics = {
  signIns: {
    type: "counter",
    name: "espalier_manager_sign_ins_total",
    help: "Attempts to sign in, by method (password, oidc) and outcome (opened, refused, second_factor_needed, too_many, unavailable).",
    labels: ["method", "outcome"],
  },
  ended: {
    type: "counter",
    name: "espalier_manager_sessions_ended_total",
    help: "Sessions that ended, by reason.",
    labels: ["reason"],
  },
  refusedRequests: {
    type: "counter",
    name: "espalier_manager_requests_refused_total",
    help: "Requests that no part of the API has seen, by why: origin, csrf, rate, second_factor, not_signed_in.",
    labels: ["reason"],
  },
} as const satisfies Record<string, MetricDefinition>;

export type SessionInstruments = ReturnType<typeof registerSessionMetrics>;

export function registerSessionMetrics(metrics: Metrics) {
  return metrics.register(sessionMetrics);
}

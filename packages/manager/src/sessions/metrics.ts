/** The metrics of sessions: names, labels and meaning. */
import { type MetricDefinition, type Metrics, type Store, sql } from "@espalier/service";

export const sessionMetrics = {
  open: {
    type: "gauge",
    name: "espalier_manager_sessions",
    help: "Sessions that are open, in all managers on this store.",
    labels: [],
    aggregator: "max",
  },
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

/** Those that a password may end in are there from the start: a rate begins with the second count of a series. */
const outcomesOfPasswords = ["opened", "refused", "second_factor_needed", "too_many", "unavailable"];

export function registerSessionMetrics(
  metrics: Metrics,
  { store, idleMs, now }: { readonly store: Store; readonly idleMs: number; readonly now: () => number },
) {
  const instruments = metrics.register(sessionMetrics);
  for (const outcome of outcomesOfPasswords) instruments.signIns.labels({ method: "password", outcome });
  metrics.onCollect(async () => {
    const row = await store
      .first<{ readonly count: number }>(
        sql`SELECT count(*) AS count FROM manager_sessions WHERE expires_at > ${now()} AND used_at > ${now() - idleMs}`,
      )
      // A scrape while the store is away shows what was known last.
      .catch(() => undefined);
    if (row !== undefined) instruments.open.labels({}).set(row.count);
  });
  return instruments;
}

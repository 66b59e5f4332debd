/** A Prometheus with the rules of our own promises, and a month of figures: one promise is in danger, one broken, one kept, one silent. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { counterHistory, type PastCounter, type PastFigure } from "./counter-history.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";

const rulesFile = fileURLToPath(new URL("../../deploy/prometheus/slo-rules.yml", import.meta.url));

const webhooks = (status: number) => `webhook_requests_total{source_type="generic",status_code="${status}"}`;
const answered = (name: "count" | "bucket") =>
  `webhook_request_duration_seconds_${name}{source_type="generic"${name === "bucket" ? ',le="0.5"' : ""}}`;
const gateway = 'espalier_gateway_operations_total{operation="search",result="success"}';
const silent = 'espalier_gateway_operations_total{operation="bind",result="success"}';

const isOutage = (hoursAgo: number) => hoursAgo > 238.5 && hoursAgo < 240.5;

const counters: readonly PastCounter[] = [
  // 3 % fail in the last hour; half of them did in two hours ten days ago.
  { series: webhooks(204), perMinute: (ago) => (isOutage(ago) ? 50 : ago < 1 ? 97 : 100) },
  { series: webhooks(503), perMinute: (ago) => (isOutage(ago) ? 25 : ago < 1 ? 3 : 0) },
  // 5 % may be slow.
  { series: answered("count"), perMinute: () => 100 },
  { series: answered("bucket"), perMinute: () => 92 },
  { series: gateway, perMinute: () => 60 },
  // Nobody has counted anything for two hours.
  { series: silent, perMinute: (ago) => (ago < 2 ? 0 : 60) },
];

const budget = (slo: string) => `slo:budget_remaining:ratio{slo="${slo}"}`;
const figures: readonly PastFigure[] = [
  { series: budget("webhook-availability"), at: (ago) => 0.27 + 0.04 * Math.min(1, ago) },
  { series: budget("webhook-latency"), at: (ago) => -0.6 + ago / 168 },
  { series: budget("gateway-search-availability"), at: () => 1 },
];

/** @param hasHistory false: it has just been started, and knows its rules alone */
export async function startSloPrometheus({ hasHistory = true } = {}): Promise<Prometheus> {
  const rules = await readFile(rulesFile, "utf8");
  return startPrometheus({
    targets: [],
    rules: [rules.replaceAll("interval: 2m", "interval: 1s")],
    ...(hasHistory ? { history: counterHistory(counters, figures) } : {}),
  });
}

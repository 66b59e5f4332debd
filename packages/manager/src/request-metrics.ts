/** Every request as a line of the log and in the metrics, by the path of its route: never by what a stranger wrote. */
import type { Logger, MetricDefinition, Metrics } from "@espalier/service";
import { type AnsweredRequest, countConnections, observeRequests } from "@espalier/service/http";
import type { FastifyInstance } from "fastify";
import { durationBuckets } from "./duration-buckets.ts";

export const requestMetrics = {
  requests: {
    type: "counter",
    name: "espalier_manager_http_requests_total",
    help: "Requests, by route as the reference spells it; `unknown` is none. 499: the client went away.",
    labels: ["method", "route", "status_code"],
  },
  durations: {
    type: "histogram",
    name: "espalier_manager_http_request_duration_seconds",
    help: "From a request's headers until the end of its answer.",
    labels: ["method", "route"],
    buckets: durationBuckets,
  },
  connections: {
    type: "gauge",
    name: "espalier_manager_http_connections",
    help: "Connections that are open.",
    labels: [],
    aggregator: "sum",
  },
} as const satisfies Record<string, MetricDefinition>;

/** Asked for all the time, by machines. */
const probes = /\/(?:health|livez|readyz)$/;

export function watchRequests(app: FastifyInstance, metrics: Metrics, logger: Logger): void {
  const { requests, durations, connections } = metrics.register(requestMetrics);
  observeRequests(app, (answered) => {
    const { request, endpoint: route, statusCode, durationMs } = answered;
    const { method } = request;
    requests.labels({ method, route, status_code: String(statusCode) }).inc();
    durations.labels({ method, route }).observe(durationMs / 1_000);
    logger.line(probes.test(route) ? "debug" : "info", "request", logFields(answered));
  });
  const open = countConnections(app);
  metrics.onCollect(() => connections.labels({}).set(open()));
}

/** By the names that the system before had. Without the query, in which people search for people. */
function logFields({ request, statusCode, durationMs }: AnsweredRequest) {
  return {
    request_id: request.id,
    method: request.method,
    path: request.url.split("?", 1)[0],
    client_ip: request.ip,
    status_code: statusCode,
    duration_ms: Math.round(durationMs * 10) / 10,
  };
}

/** Counts every request, by a name that strangers cannot choose. */
import type { Metrics } from "@espalier/service";
import { countConnections, observeRequests } from "@espalier/service/http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { hookMetrics } from "../hooks/metrics.ts";

export interface RequestName {
  readonly endpoint: string;
  readonly sourceType: string;
}

export type HookInstruments = ReturnType<typeof registerHookMetrics>;

function registerHookMetrics(metrics: Metrics, definitions: typeof hookMetrics) {
  return metrics.register(definitions);
}

/** @param sourceNameOf undefined for requests that are another route's */
export function countRequests(
  app: FastifyInstance,
  metrics: Metrics,
  instruments: HookInstruments,
  sourceNameOf: (request: FastifyRequest) => RequestName | undefined,
): void {
  observeRequests(app, ({ request, endpoint: route, statusCode, durationMs }) => {
    const { endpoint, sourceType } = sourceNameOf(request) ?? { endpoint: route, sourceType: "none" };
    const labels = { endpoint, source_type: sourceType };
    instruments.requests.labels({ ...labels, method: request.method, status_code: String(statusCode) }).inc();
    instruments.durations.labels(labels).observe(durationMs / 1_000);
  });
  const connections = countConnections(app);
  metrics.onCollect(() => instruments.connections.labels({}).set(connections()));
}

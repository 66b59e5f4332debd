/** Counts every request, by a name that strangers cannot choose. */
import type { Metrics } from "@espalier/service";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { hookMetrics } from "../hooks/metrics.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What metrics call the route. */
    readonly endpoint?: string;
  }
}

export interface RequestName {
  readonly endpoint: string;
  readonly sourceType: string;
}

export type HookInstruments = ReturnType<typeof registerHookMetrics>;

function registerHookMetrics(metrics: Metrics, definitions: typeof hookMetrics) {
  return metrics.register(definitions);
}

/** @param nameOf of requests that are no other route's */
export function countRequests(
  app: FastifyInstance,
  metrics: Metrics,
  instruments: HookInstruments,
  sourceNameOf: (request: FastifyRequest) => RequestName | undefined,
): void {
  app.addHook("onResponse", async (request, reply) => {
    const ofRoute = { endpoint: request.routeOptions.config.endpoint ?? "unknown", sourceType: "none" };
    const { endpoint, sourceType } = sourceNameOf(request) ?? ofRoute;
    const labels = { endpoint, source_type: sourceType };
    instruments.requests.labels({ ...labels, method: request.method, status_code: String(reply.statusCode) }).inc();
    instruments.durations.labels(labels).observe(reply.elapsedTime / 1_000);
  });
  let connections = 0;
  app.server.on("connection", (socket) => {
    connections += 1;
    socket.once("close", () => {
      connections -= 1;
    });
  });
  metrics.onCollect(() => instruments.connections.labels({}).set(connections));
}

/** `POST /hooks/NAME`. */
import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import { canarySource } from "../hooks/config.ts";
import type { HookReceiver } from "../hooks/receiver.ts";
import type { RequestName } from "./request-metrics.ts";

const path = "/hooks/:source";

interface HookRoute {
  readonly Params: { readonly source: string };
}

export function hookRoutes(receiver: HookReceiver): FastifyPluginAsync {
  return async (app) => {
    app.post<HookRoute>(path, async (request, reply) => {
      const answer = await receiver.receive(request.params.source, {
        headers: request.headers,
        body: request.body instanceof Uint8Array ? request.body : new Uint8Array(),
        receivedMs: Date.now(),
        address: request.ip,
      });
      if (answer.retryAfterSeconds !== undefined) reply.header("retry-after", String(answer.retryAfterSeconds));
      return reply.code(answer.statusCode).send(answer.body);
    });
    app.route<HookRoute>({
      method: ["GET", "PUT", "PATCH", "DELETE"],
      url: path,
      handler: async (_request, reply) =>
        reply.code(405).header("allow", "POST").send({ error: "webhooks are sent with POST" }),
    });
  };
}

/** Of a request for a source that there is. */
export function hookRequestName(receiver: HookReceiver, request: FastifyRequest): RequestName | undefined {
  if (request.routeOptions.url !== path) return undefined;
  const { source: name } = request.params as HookRoute["Params"];
  const source = receiver.source(name);
  if (source === undefined) return { endpoint: "unknown", sourceType: "unknown" };
  return { endpoint: name, sourceType: name === canarySource ? canarySource : source.type };
}

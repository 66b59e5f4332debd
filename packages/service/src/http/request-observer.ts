/** Watches requests until they have been answered, each under a name that strangers cannot choose: for metrics and the log. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What metrics call the route. */
    readonly endpoint?: string;
  }
}

export interface AnsweredRequest {
  readonly request: FastifyRequest;
  /** What metrics call the route that answered; `unknown` where there is none. */
  readonly endpoint: string;
  /** 499 where the client went away before the whole answer was sent. */
  readonly statusCode: number;
  /** From the request's headers until the end of its answer. */
  readonly durationMs: number;
}

const clientWentAway = 499;

/** Calls `answered` once for every request, also those of clients that went away. */
export function observeRequests(app: FastifyInstance, answered: (answered: AnsweredRequest) => void): void {
  app.addHook("onRequest", (request, reply, done) => {
    // The framework's own clock runs only where it has hooks of another kind.
    const startedAtMs = performance.now();
    // The end of every response, whole or not.
    reply.raw.once("close", () => answered(answeredRequest(request, reply, performance.now() - startedAtMs)));
    done();
  });
}

function answeredRequest(request: FastifyRequest, reply: FastifyReply, durationMs: number): AnsweredRequest {
  return {
    request,
    endpoint: request.routeOptions.config.endpoint ?? "unknown",
    statusCode: reply.raw.writableFinished ? reply.statusCode : clientWentAway,
    durationMs,
  };
}

/** How many connections are open, whenever it is asked. */
export function countConnections(app: FastifyInstance): () => number {
  let connections = 0;
  app.server.on("connection", (socket) => {
    connections += 1;
    socket.once("close", () => {
      connections -= 1;
    });
  });
  return () => connections;
}

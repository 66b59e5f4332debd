/** The public HTTP server: raw bodies, limits on everything that a stranger can send, and errors that tell them no more than they need. */
import { randomUUID } from "node:crypto";
import Fastify, { type FastifyError, type FastifyInstance, type FastifyPluginAsync } from "fastify";
import type { Logger } from "../log/logger.ts";
import { addSecurityHeaders } from "./security-headers.ts";
import { trustedProxies } from "./trusted-proxies.ts";

export interface HttpServerOptions {
  readonly trustedProxies: readonly string[];
  readonly maxBodyBytes: number;
  readonly logger: Logger;
  /** Each adds routes of its own. */
  readonly plugins: readonly FastifyPluginAsync[];
  /** How long the longest URL may be, in characters; 2,048 unless said. */
  readonly maxUrlLength?: number;
  /** How long a client may take to send a request, its body included; 15 s unless said. */
  readonly requestTimeoutMs?: number;
  /** Before the plugins: hooks that must see every request. */
  readonly prepare?: (app: FastifyInstance) => void;
}

const maxConnections = 2_000;
const limits = { headersTimeout: 5_000, connectionsCheckingInterval: 1_000, maxHeaderSize: 16 * 1_024 };
const keepAliveTimeoutMs = 65_000;

export async function createHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  const { logger, plugins, maxBodyBytes, prepare, maxUrlLength = 2_048, requestTimeoutMs = 15_000 } = options;
  const app = Fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    trustProxy: options.trustedProxies.length > 0 && trustedProxies(options.trustedProxies),
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    http: limits,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 200 },
    exposeHeadRoutes: false,
    // Requests that are under way when it closes are finished; connections that carry none are closed.
    forceCloseConnections: "idle",
  });
  app.server.maxConnections = maxConnections;
  // Signatures are made over the bytes: nothing is read before its sender is believed.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  addSecurityHeaders(app);
  app.addHook("onRequest", (request, reply, done) => {
    if (request.url.length > maxUrlLength) void reply.code(414).send({ error: "the URL is too long" });
    else done();
  });
  prepare?.(app);
  app.setNotFoundHandler(async (_request, reply) => reply.code(404).send({ error: "there is nothing here" }));
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode >= 500) {
      logger.error("a request could not be answered", { route: request.routeOptions.url, error });
      return reply.code(statusCode).send({ error: "internal error; the log says more" });
    }
    const message = statusCode === 413 ? `the body is larger than ${maxBodyBytes} bytes` : error.message;
    return reply.code(statusCode).send({ error: message });
  });
  for (const plugin of plugins) await app.register(plugin);
  return app;
}

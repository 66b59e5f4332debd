/** The small HTTP server beside every service: `/livez`, `/readyz`, `/health` and `/metrics`. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { HostPort } from "../configuration/address.ts";
import type { Logger } from "../log/logger.ts";
import { metricsContentType } from "../metrics/metrics.ts";
import type { Health } from "./health.ts";

export interface HealthServer {
  /** Where it listens. */
  readonly address: HostPort;
  /** Ends it, with the connections that are open. */
  close(): Promise<void>;
}

export interface HealthServerOptions {
  readonly listen: HostPort;
  readonly health: Health;
  /** The Prometheus text, of this process or of a cluster. */
  readonly metrics: () => Promise<string>;
  readonly logger: Logger;
}

interface Answer {
  readonly statusCode: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A scraper or two and a health check: more connections than this are closed at once. */
const maxConnections = 64;
const limits = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 3_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
};

/** Resolves once it listens; rejects when it cannot, with the system's error. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const { listen, logger } = options;
  const routes = routesOf(options);
  const server = createServer(limits, (request, response) => {
    answer(routes, request, logger).then(
      (found) => send(request, response, found),
      (error: unknown) => {
        logger.error("a request could not be answered", { path: request.url, error });
        send(request, response, json(500, { error: "internal error; the log says more" }));
      },
    );
  });
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: listen.host, port: listen.port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("error", (error) => logger.error("the listener for health and metrics failed", { error }));
  const { address, port } = server.address() as AddressInfo;
  return {
    address: { host: address, port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Routes = Readonly<Record<string, () => Answer | Promise<Answer>>>;

function routesOf({ health, metrics }: HealthServerOptions): Routes {
  return {
    __proto__: null as never,
    "/livez": () => json(200, { status: "alive" }),
    "/readyz": () => {
      const { readiness } = health;
      return readiness.ready
        ? json(200, { status: "ready" })
        : json(503, { status: "not ready", reason: readiness.reason });
    },
    "/health": async () => {
      const report = await health.report();
      return json(report.status === "unhealthy" ? 503 : 200, report);
    },
    "/metrics": async () => ({ statusCode: 200, contentType: metricsContentType, body: await metrics() }),
  };
}

async function answer(routes: Routes, request: IncomingMessage, logger: Logger): Promise<Answer> {
  const path = request.url?.split("?", 1)[0] ?? "";
  const route = routes[path];
  if (route === undefined) return json(404, { error: `there is only ${Object.keys(routes).join(", ")}` });
  if (request.method !== "GET" && request.method !== "HEAD") {
    return { ...json(405, { error: "only GET and HEAD are answered" }), headers: { allow: "GET, HEAD" } };
  }
  logger.debug("request", { path, remoteAddress: request.socket.remoteAddress });
  return route();
}

function json(statusCode: number, value: unknown): Answer {
  return { statusCode, contentType: "application/json; charset=utf-8", body: `${JSON.stringify(value)}\n` };
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { statusCode, contentType, body, headers }: Answer,
): void {
  // A body that came with the request is not read: the connection cannot carry another request.
  const hasBody = request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined;
  response.writeHead(statusCode, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'",
    ...(hasBody ? { connection: "close" } : {}),
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

/**
 * The canary: an event of the service's own that goes the whole way, once a minute. It is posted to the listener as webhooks are,
 * with a signature, becomes an event, is routed, and is delivered to a channel that looks at its watch.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { type IncomingMessage, request } from "node:http";
import {
  type CheckResult,
  formatHostPort,
  type HostPort,
  type Logger,
  type MetricDefinition,
  type Metrics,
  Secret,
} from "@espalier/service";
import type { Channel, SendOutcome } from "./channels/channel.ts";
import type { Message } from "./channels/message.ts";
import { parseSigningKey, signatures } from "./channels/standard-webhooks.ts";
import { canarySource, type SourceConfig } from "./hooks/config.ts";
import { HookSource } from "./hooks/source.ts";
import { type Route, routesConfig } from "./routes/config.ts";
import { canarySent } from "./routes/match.ts";

export const canaryMetrics = {
  canaries: {
    type: "counter",
    name: "notification_canary_total",
    help: "Canary events: accepted or refused by the listener, arrived at their channel.",
    labels: ["result"],
  },
  canarySeconds: {
    type: "histogram",
    name: "notification_canary_seconds",
    help: "From a canary's request until its delivery.",
    labels: [],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  },
  canaryArrived: {
    type: "gauge",
    name: "notification_canary_arrived_timestamp_seconds",
    help: "When a canary last arrived at this node's channel; 0 before the first.",
    labels: [],
    aggregator: "max",
  },
} as const satisfies Record<string, MetricDefinition>;

export interface CanaryOptions {
  readonly intervalMs: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const postTimeoutMs = 10_000;
/** So many of them may be missing before the health check says so. */
const missing = 3;

export class Canary {
  readonly source: HookSource;
  readonly channel: Channel;
  readonly #options: CanaryOptions;
  readonly #key: string;
  readonly #instruments;
  readonly #startedMs = Date.now();
  #arrivedMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CanaryOptions) {
    this.#options = options;
    this.#key = `whsec_${randomBytes(32).toString("base64")}`;
    this.source = new HookSource(sourceConfig(new Secret(this.#key)));
    this.channel = {
      name: canarySource,
      kind: "canary",
      concurrency: 1,
      send: async (message) => this.#arrived(message),
      close: async () => {},
    };
    this.#instruments = options.metrics.register(canaryMetrics);
    for (const result of ["accepted", "refused", "arrived"]) this.#instruments.canaries.labels({ result });
  }

  /** @param listener where the service listens */
  start(listener: HostPort): void {
    const send = () => void this.#send(listener);
    send();
    this.#timer = setInterval(send, this.#options.intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  check(): CheckResult {
    const sinceMs = Date.now() - (this.#arrivedMs ?? this.#startedMs);
    if (sinceMs <= this.#options.intervalMs * missing) return { status: "ok" };
    return {
      status: "degraded",
      message: "events of the service's own do not arrive",
      lastArrivedSecondsAgo: Math.round(sinceMs / 1_000),
    };
  }

  async #send(listener: HostPort): Promise<void> {
    const { logger } = this.#options;
    try {
      const statusCode = await post(listener, this.#key, JSON.stringify({ sentMs: Date.now() }));
      this.#instruments.canaries.labels({ result: statusCode === 202 ? "accepted" : "refused" }).inc();
      if (statusCode !== 202) logger.warn("the canary was refused", { statusCode });
    } catch (error) {
      this.#instruments.canaries.labels({ result: "refused" }).inc();
      logger.warn("the canary could not be sent", { listener: formatHostPort(listener), error });
    }
  }

  #arrived({ events }: Message): SendOutcome {
    const now = Date.now();
    for (const { data } of events) {
      const { sentMs } = (data?.payload ?? {}) as { readonly sentMs?: unknown };
      if (typeof sentMs === "number")
        this.#instruments.canarySeconds.labels({}).observe(Math.max(0, now - sentMs) / 1_000);
      this.#instruments.canaries.labels({ result: "arrived" }).inc();
    }
    this.#arrivedMs = now;
    this.#instruments.canaryArrived.labels({}).set(now / 1_000);
    return { status: "delivered" };
  }
}

/** The one route that it takes. */
export function canaryRoute(): Route {
  const [route] = routesConfig.parse([{ name: canarySource, match: { type: canarySent }, channels: [canarySource] }]);
  return route!;
}

function sourceConfig(value: Secret): SourceConfig {
  const event = { type: canarySent, severity: "info", subject: canarySource };
  // A restart or two within the hour must not look like a flood.
  const limit = { average: 120, burst: 120, gather: 30_000, ceiling: 1_200 };
  return { name: canarySource, verifier: "standard", secrets: [{ value }], event, dedupe: 600_000, limit };
}

/** Resolves to the status code. */
async function post({ host, port }: HostPort, key: string, body: string): Promise<number> {
  const id = randomUUID();
  const seconds = Math.floor(Date.now() / 1_000);
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "webhook-id": id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": signatures([parseSigningKey(key)], id, seconds, body),
  };
  const answer = Promise.withResolvers<IncomingMessage>();
  const signal = AbortSignal.timeout(postTimeoutMs);
  const path = `/hooks/${canarySource}`;
  const sent = request(
    { host: reachable(host), port, method: "POST", path, headers, signal, agent: false },
    answer.resolve,
  );
  sent.on("error", answer.reject);
  sent.end(body);
  const response = await answer.promise;
  response.resume();
  return response.statusCode ?? 0;
}

/** Who listens everywhere is reached here. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}

/** The routes of reading and monitoring over real servers, for sessions that a test makes up. */
import { createLog, createMetrics, EventLog, eventMigrations, openStore, type StoredEvent } from "@espalier/service";
import { createHttpServer } from "@espalier/service/http";
import { temporaryDirectory } from "@espalier/tests/lab";
import type { FastifyInstance } from "fastify";
import { ApiError } from "../../src/api/problem.ts";
import { serveApi } from "../../src/api/serve.ts";
import type { Identity } from "../../src/clusters/identity.ts";
import { monitoringPart } from "../../src/monitoring/part.ts";
import { savedSearchMigrations } from "../../src/reading/migrations.ts";
import { readingPart } from "../../src/reading/part.ts";
import type { Action, Session } from "../../src/sessions/session.ts";
import { type Watched, type WrittenCluster, watch } from "../clusters/watched.ts";

export interface ApiOptions {
  readonly cluster: WrittenCluster;
  /** By name: what a request says in `as`. */
  readonly sessions: Readonly<Record<string, Session>>;
  readonly storeUrl?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the route gives; tests compare it whole
  readonly body: any;
  readonly bytes: Buffer;
}

export interface RequestOptions {
  readonly as?: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Api extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly watched: Watched;
  /** Moves the clock of cursors and lists on. */
  advance(ms: number): void;
  endSession(id: string): void;
  /** Nothing can be stored from now on. */
  closeStore(): Promise<void>;
  /** `GET /clusters/main/entry`: below /api/v1, as the session `admin` unless said. */
  request(route: string, options?: RequestOptions): Promise<Answer>;
  /** http://127.0.0.1:port/api/v1, for streams. */
  listen(): Promise<string>;
  audit(): Promise<readonly StoredEvent[]>;
  metric(name: string): Promise<number>;
}

export async function startApi({ cluster, sessions, storeUrl }: ApiOptions): Promise<Api> {
  await using cleanup = new AsyncDisposableStack();
  const watched = cleanup.use(await watch(cluster));
  const logger = createLog({ destination: () => undefined }).logger("test");
  const directory = cleanup.use(await temporaryDirectory("reading"));
  const url = storeUrl ?? `sqlite:${directory.file("espalier.db")}`;
  const store = await openStore({ url, migrations: [eventMigrations, savedSearchMigrations], logger });
  cleanup.defer(() => store.close());
  const log = new EventLog({ store, logger, metrics: createMetrics(), dedupeWindowMs: 1_000 });
  const metrics = createMetrics();
  let passedMs = 0;
  const now = () => Date.now() + passedMs;
  const reading = readingPart({ clusters: watched.clusters, store, log, metrics, now });
  cleanup.defer(() => reading.close());
  const monitoring = monitoringPart({ clusters: watched.clusters, now });
  const closing = new AbortController();
  const app = await createHttpServer({ trustedProxies: [], maxBodyBytes: 1_048_576, logger, plugins: [] });
  cleanup.defer(() => app.close());
  serveApi(app, {
    parts: [reading, monitoring],
    prefix: "/api/v1",
    authenticate: async ({ headers }) => sessions[String(headers["x-as"] ?? "admin")],
    closing: closing.signal,
    logger,
  });
  cleanup.defer(() => closing.abort());
  const resources = cleanup.move();
  return {
    app,
    watched,
    advance: (ms) => {
      passedMs += ms;
    },
    endSession: (id) => reading.endSession(id),
    closeStore: () => store.close(),
    async request(route, { as = "admin", query = {}, body, headers = {} } = {}) {
      const [method = "", path = ""] = route.split(" ");
      const parameters = new URLSearchParams(
        Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
      );
      const answer = await app.inject({
        method: method as "GET",
        url: `/api/v1${path}?${parameters}`,
        headers: { "x-as": as, ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
        ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
      });
      const isJson = /json/.test(String(answer.headers["content-type"])) && answer.payload !== "";
      return {
        status: answer.statusCode,
        headers: answer.headers,
        body: isJson && !/ndjson/.test(String(answer.headers["content-type"])) ? answer.json() : answer.payload,
        bytes: answer.rawPayload,
      };
    },
    listen: async () => `${await app.listen({ host: "127.0.0.1", port: 0 })}/api/v1`,
    audit: async () => (await log.query({})).events,
    metric: async (name) => {
      const line = (await metrics.text()).split("\n").find((text) => text.startsWith(`${name} `));
      return Number(line?.split(" ")[1]);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

export interface SessionOptions {
  readonly id?: string;
  readonly name?: string;
  /** What it may do, everywhere or only as `under` says; everything, unless said. */
  readonly actions?: readonly Action[];
  /** Names end with it, as they are spelt here. */
  readonly under?: string;
}

export function sessionOf(identity: Identity, options: SessionOptions = {}): Session {
  const { actions = ["read", "password", "write", "admin", "audit"], under } = options;
  const { id = `session of ${identity.dn}`, name = identity.dn } = options;
  const may: Session["may"] = (action, _cluster, dn) =>
    actions.includes(action) && (under === undefined || dn?.endsWith(under) === true);
  return {
    ...{ id, name, clusters: ["main"], may },
    identity: (cluster) => {
      if (cluster !== "main") throw new ApiError("not_connected", "Sign in to it first.");
      return identity;
    },
    require: (action, cluster, dn) => {
      if (!may(action, cluster, dn)) throw new ApiError("not_allowed", `A role that allows ${action} is needed.`);
    },
  };
}

/** The cluster of servers on loopback, in clear text; the last is the one that is read from. */
export function clusterOf(...servers: readonly { readonly port: number }[]): WrittenCluster {
  return {
    nodes: servers.map(({ port }, index) => ({ host: "127.0.0.1", port, name: `ldap${index + 1}` })),
    tls: "none",
    connect_timeout: "1s",
  };
}

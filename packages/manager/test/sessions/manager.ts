/** A manager's sessions over a directory and a store, served by fastify, and browsers to use them with. */
import {
  type ClusterConfig,
  clusterConfig,
  createLog,
  createMetrics,
  EventLog,
  eventMigrations,
  type NewEvent,
  openStore,
  type Store,
} from "@espalier/service";
import type { Slapd } from "@espalier/tests/lab";
import { parseSetCookie } from "cookie";
import Fastify, { type FastifyInstance } from "fastify";
import { onTestFinished } from "vitest";
import { z } from "zod";
import { apiPart, defineRoutes } from "../../src/api/route.ts";
import { serveApi } from "../../src/api/serve.ts";
import { createClusters, type WatchedClusters } from "../../src/clusters/clusters.ts";
import { apiPrefix, type ManagerConfig, managerSection } from "../../src/config.ts";
import { addCors } from "../../src/sessions/cors.ts";
import { sessionMigrations } from "../../src/sessions/migrations.ts";
import { createSessionService, type SessionService } from "../../src/sessions/service.ts";
import { actions } from "../../src/sessions/session.ts";
import { Vault } from "../../src/sessions/vault.ts";

export const key = new Uint8Array(32).fill(7);

/** Of the store and of the sessions; nothing waits by it. */
export class Clock {
  now = Date.parse("2026-01-10T12:00:00Z");
  readonly read = () => this.now;
  pass(ms: number): void {
    this.now += ms;
  }
}

/** What the tests of sessions see of a cluster through a session: the rest of the API does the same. */
const probeRoutes = defineRoutes({
  "GET /probe/{cluster}/whoami": {
    summary: "As whom the directory sees the session.",
    tag: "probe",
    access: "session",
    params: z.object({ cluster: z.string() }),
    response: z.object({ dn: z.string(), reads: z.array(z.string()) }),
  },
  "GET /probe/{cluster}/require": {
    summary: "Nothing, where the session may do it.",
    tag: "probe",
    access: "session",
    params: z.object({ cluster: z.string() }),
    query: z.object({ action: z.enum(actions), dn: z.string().optional() }),
  },
  "POST /probe": { summary: "A change.", tag: "probe", access: "session" },
});

export interface ManagerOptions {
  readonly slapd: Pick<Slapd, "port" | "serviceDn" | "servicePassword">;
  readonly url: string;
  /** Of the clusters, by name; `main` alone unless said. */
  readonly clusters?: Readonly<Record<string, Omit<z.input<typeof clusterConfig>, "name">>>;
  readonly config?: z.input<typeof managerSection.schema>;
  readonly clock?: Clock;
  readonly key?: Uint8Array;
}

export interface Manager {
  readonly app: FastifyInstance;
  readonly service: SessionService;
  readonly clusters: WatchedClusters;
  readonly store: Store;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly config: ManagerConfig;
  /** Everything that was written to its log, as it was. */
  readonly lines: readonly string[];
  /** Everything that was reported. */
  readonly events: readonly NewEvent[];
  /** Keys of identities whose connections are not needed any more. */
  readonly dropped: readonly string[];
  browser(address?: string): Browser;
}

export function clusterOf(slapd: Pick<Slapd, "port">, name: string, more: object = {}): ClusterConfig {
  const written = { name, host: "127.0.0.1", port: slapd.port, base_dn: "dc=example,dc=com", tls: "none", ...more };
  return clusterConfig.parse(written);
}

export async function startManager(options: ManagerOptions): Promise<Manager> {
  const { slapd, url, clock = new Clock() } = options;
  const lines: string[] = [];
  const events: NewEvent[] = [];
  const dropped: string[] = [];
  const logger = createLog({ level: "trace", destination: (line) => lines.push(line) }).logger("manager");
  const metrics = createMetrics();
  const store = await openStore({ url, migrations: [eventMigrations, sessionMigrations], logger });
  const log = new EventLog({ store, logger, metrics, dedupeWindowMs: 1_000 });
  const sink = {
    emit: (event: NewEvent) => {
      events.push(event);
      log.emit(event);
    },
  };
  const written = Object.entries(options.clusters ?? { main: {} });
  const clusters = await createClusters(
    written.map(([name, more]) => clusterOf(slapd, name, more)),
    { logger, metrics, events: { emit: () => {} }, onRefused: (key) => service.sessions.refused(key) },
  );
  const config = managerSection.schema.parse(options.config ?? {});
  const service = createSessionService({
    ...{ config, clusters, store, logger, metrics, events: sink },
    vault: new Vault(options.key ?? key),
    dropped: (_, identityKey) => {
      dropped.push(identityKey);
      clusters.forget(identityKey);
    },
    now: clock.read,
    monotonic: clock.read,
  });
  const app = Fastify({ trustProxy: config.trustedProxies.length > 0 });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  addCors(app, config.allowedOrigins);
  const probe = apiPart(probeRoutes, {
    "GET /probe/{cluster}/whoami": async ({ session, params }) => {
      const identity = session.identity(params.cluster);
      const { value } = await clusters
        .get(params.cluster)
        .read(identity, (connection) =>
          connection.searchAll({ baseObject: "ou=people,dc=example,dc=com", attributes: ["userPassword"] }),
        );
      const reads = value.entries.filter((each) => each.values("userPassword").length > 0);
      return { dn: identity.dn, reads: reads.map(({ objectName }) => objectName) };
    },
    "GET /probe/{cluster}/require": ({ session, params, query }) => {
      const { action, dn } = query;
      const may = session.may(action, params.cluster, dn);
      try {
        session.require(action, params.cluster, dn);
      } catch (error) {
        if (may) throw new TypeError("may and require differ");
        throw error;
      }
      if (!may) throw new TypeError("may and require differ");
      return undefined;
    },
    "POST /probe": () => undefined,
  });
  const prefix = apiPrefix(config);
  const closing = new AbortController();
  serveApi(app, {
    ...{ parts: [service.part, probe], prefix, authenticate: service.authenticate, closing: closing.signal, logger },
    signInPath: `${config.contextPath}/sign-in`,
  });
  onTestFinished(async () => {
    closing.abort();
    await app.close();
    await service.close();
    await clusters.close();
    await log.close();
    await store.close();
  });
  return {
    ...{ app, service, clusters, store, log, clock, config, lines, events, dropped },
    browser: (address = "192.0.2.7") => new Browser(app, prefix, address),
  };
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the route gives
  readonly body: any;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
}

/** Keeps cookies and the CSRF token, and says where its requests come from, as browsers do. */
export class Browser {
  readonly #app: FastifyInstance;
  readonly #prefix: string;
  readonly #address: string;
  readonly cookies = new Map<string, string>();
  csrfToken: string | undefined;
  origin: string | undefined = "http://localhost:80";

  constructor(app: FastifyInstance, prefix: string, address: string) {
    this.#app = app;
    this.#prefix = prefix;
    this.#address = address;
  }

  /** Of the same browser at another manager. */
  at(other: Manager): Browser {
    const browser = new Browser(other.app, apiPrefix(other.config), this.#address);
    for (const [name, value] of this.cookies) browser.cookies.set(name, value);
    browser.csrfToken = this.csrfToken;
    return browser;
  }

  /** Headers that are `undefined` are not sent. */
  async send(
    method: "GET" | "POST" | "DELETE" | "OPTIONS",
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const all = {
      host: "localhost:80",
      "user-agent": "A browser",
      ...(cookie === "" ? {} : { cookie }),
      ...(method === "GET" ? {} : { origin: this.origin, "x-csrf-token": this.csrfToken }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    };
    const response = await this.#app.inject({
      method,
      url: `${this.#prefix}${path}`,
      remoteAddress: this.#address,
      headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<
        string,
        string
      >,
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    for (const header of [response.headers["set-cookie"] ?? []].flat()) {
      const { name, value = "" } = parseSetCookie(header);
      if (value === "") this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const isJson = /json/.test(String(response.headers["content-type"]));
    const parsed = isJson ? response.json() : response.body;
    if (typeof parsed?.csrfToken === "string") this.csrfToken = parsed.csrfToken;
    return { status: response.statusCode, body: parsed, headers: response.headers };
  }

  get(path: string): Promise<Answer> {
    return this.send("GET", path);
  }

  signIn(name: string, password: string, more: object = {}): Promise<Answer> {
    return this.send("POST", "/session", { cluster: "main", name, password, ...more });
  }

  whoAmI(cluster = "main"): Promise<Answer> {
    return this.get(`/probe/${cluster}/whoami`);
  }

  /** 204, or the status and code of the problem. */
  async mayI(action: string, dn?: string, cluster = "main"): Promise<string> {
    const query = new URLSearchParams({ action, ...(dn === undefined ? {} : { dn }) });
    const { status, body } = await this.get(`/probe/${cluster}/require?${query}`);
    return status === 204 ? "yes" : body.code;
  }
}

/** The types of what was reported, in order. */
export function typesOf(events: readonly NewEvent[]): string[] {
  return events.map(({ type }) => type);
}

/** The routes of entries over a real directory, a real store and real change sets, asked as a script asks them. */
import { createLog, createMetrics, EventLog, eventMigrations, openStore, type Store } from "@espalier/service";
import { type FoundEntry, ldapsearch, temporaryDirectory } from "@espalier/tests/lab";
import Fastify from "fastify";
import { ApiError } from "../../src/api/problem.ts";
import { serveApi } from "../../src/api/serve.ts";
import { DirectoryChanges } from "../../src/changes/directory-changes.ts";
import { changeMigrations } from "../../src/changes/migrations.ts";
import type { Cluster } from "../../src/clusters/cluster.ts";
import { numberMigrations } from "../../src/entries/number-allocator.ts";
import { entryPart } from "../../src/entries/part.ts";
import type { Action, Session } from "../../src/sessions/session.ts";
import { person, type WrittenCluster, watch } from "../clusters/watched.ts";

export interface Server {
  readonly url: string;
  readonly port: number;
  readonly rootDn: string;
  readonly rootPassword: string;
}

export interface ServedOptions extends Partial<WrittenCluster> {
  /** Who asks; the root DN unless said. */
  readonly as?: { readonly dn: string; readonly password: string };
  /** All unless said. */
  readonly may?: (action: Action, dn: string | undefined) => boolean;
  readonly now?: () => number;
  /** A store that others have open too; its own unless said. */
  readonly storeUrl?: string;
}

export interface ApiAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what a script gets is JSON
  readonly body: any;
}

export interface Served extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly store: Store;
  ask(method: "POST" | "PUT", path: string, body: object): Promise<ApiAnswer>;
  delete(query: Readonly<Record<string, string>>): Promise<ApiAnswer>;
  /** What ldapsearch finds as the root DN. */
  entries(
    base: string,
    options?: { filter?: string; scope?: "base" | "one" | "sub"; attributes?: string[] },
  ): Promise<readonly FoundEntry[]>;
  entry(dn: string, ...attributes: string[]): Promise<FoundEntry | undefined>;
  undo(id: string): Promise<void>;
}

export async function serve(server: Server, options: ServedOptions = {}): Promise<Served> {
  const { as, may = () => true, now, storeUrl, ...config } = options;
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("entries"));
  const logger = createLog({ destination: () => undefined }).logger("manager");
  const store = await openStore({
    url: storeUrl ?? `sqlite:${directory.file("espalier.db")}`,
    migrations: [eventMigrations, changeMigrations, numberMigrations],
    logger,
  });
  cleanup.defer(() => store.close());
  const log = new EventLog({ store, logger, metrics: createMetrics(), dedupeWindowMs: 3_600_000 });
  const { host = "127.0.0.1", port = server.port } = config;
  const watched = cleanup.use(
    await watch({
      tls: "none",
      base_dn: "dc=example,dc=com",
      ...config,
      ...(config.nodes === undefined ? { host, port } : {}),
    }),
  );
  const changes = new DirectoryChanges({
    store,
    log,
    logger,
    seal: { seal: (bytes) => bytes, open: (bytes) => bytes },
  });
  cleanup.defer(() => changes.close());
  const identity = as === undefined ? person(server.rootDn, server.rootPassword) : person(as.dn, as.password);
  const session: Session = {
    ...{ id: "test", name: identity.dn, clusters: ["main"], identity: () => identity },
    may: (action, _cluster, dn) => may(action, dn),
    require(action, _cluster, dn) {
      if (!may(action, dn)) throw new ApiError("not_allowed", `You would need the action ${action}.`);
    },
  };
  const app = Fastify();
  cleanup.defer(() => app.close());
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  const part = entryPart({ clusters: watched.clusters, changes, store, ...(now === undefined ? {} : { now }) });
  serveApi(app, {
    ...{ parts: [part], prefix: "/api/v1", logger, closing: new AbortController().signal },
    authenticate: async () => session,
  });
  const path = (text: string) => `/api/v1/clusters/main/${text}`;
  const admin = ["-D", server.rootDn, "-w", server.rootPassword];
  const entries: Served["entries"] = async (base, { filter, scope, attributes } = {}) =>
    (
      await ldapsearch(server.url, {
        ...{ base, options: admin },
        ...(filter === undefined ? {} : { filter }),
        ...(scope === undefined ? {} : { scope }),
        ...(attributes === undefined ? {} : { attributes }),
      })
    ).entries;
  const resources = cleanup.move();
  return {
    ...{ cluster: watched.cluster, store, entries },
    async ask(method, text, body) {
      const { statusCode: status, payload } = await app.inject({
        ...{ method, url: path(text), payload: JSON.stringify(body) },
        headers: { "content-type": "application/json" },
      });
      return { status, body: JSON.parse(payload) };
    },
    async delete(query) {
      const { statusCode: status, payload } = await app.inject({ method: "DELETE", url: path("entry"), query });
      return { status, body: JSON.parse(payload) };
    },
    entry: async (dn, ...attributes) => (await entries(dn, { scope: "base", attributes }))[0],
    async undo(id) {
      const set = await changes.store.get(id);
      if (set === undefined) throw new Error(`there is no change set ${id}`);
      const actor = { session, address: "127.0.0.1", requestId: "undo", signal: new AbortController().signal };
      await changes.undo(watched.cluster, actor, set);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

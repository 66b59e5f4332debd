/** Exports, imports and jobs over a real directory, a real store and real change sets, asked over HTTP. */
import type { AddressInfo } from "node:net";
import {
  createLog,
  createMetrics,
  EventLog,
  eventMigrations,
  openStore,
  type Store,
  type StoredEvent,
} from "@espalier/service";
import { temporaryDirectory, until } from "@espalier/tests/lab";
import Fastify from "fastify";
import { ApiError } from "../../src/api/problem.ts";
import { serveApi } from "../../src/api/serve.ts";
import { DirectoryChanges } from "../../src/changes/directory-changes.ts";
import { changeMigrations } from "../../src/changes/migrations.ts";
import type { Cluster } from "../../src/clusters/cluster.ts";
import { NumberAllocator, numberMigrations } from "../../src/entries/number-allocator.ts";
import { passwordPart } from "../../src/passwords/part.ts";
import type { Action, Session } from "../../src/sessions/session.ts";
import { jobMigrations } from "../../src/transfer/migrations.ts";
import { type TransferPart, transferPart } from "../../src/transfer/part.ts";
import { limitUploadTime } from "../../src/upload-time.ts";
import { person, type WrittenCluster, watch } from "../clusters/watched.ts";

export interface ServedOptions extends Partial<WrittenCluster> {
  /** Who asks, unless a request says otherwise. */
  readonly as: { readonly dn: string; readonly password: string };
  readonly may?: (action: Action, dn: string | undefined) => boolean;
  readonly now?: () => number;
}

export interface Served extends AsyncDisposable {
  /** …/api/v1 */
  readonly url: string;
  readonly cluster: Cluster;
  readonly store: Store;
  readonly transfer: TransferPart;
  /** Passwords that owners have changed, as the session was told. */
  readonly changedPasswords: readonly string[];
  readonly log: readonly string[];
  ask(method: string, path: string, body?: object): Promise<ApiAnswer>;
  exported(query?: Readonly<Record<string, string>>): Promise<string>;
  /** Sends a file, and waits for the end of its job unless `isFollowed` is false. */
  imported(
    file: string | Uint8Array,
    query?: Readonly<Record<string, string>>,
    isFollowed?: boolean,
  ): Promise<ApiAnswer>;
  finished(id: string): Promise<ApiAnswer>;
  /** All unless said. */
  events(type?: string): Promise<readonly StoredEvent[]>;
  /** How many transactions its store has committed. */
  commits(): Promise<number>;
  undo(id: string): Promise<void>;
}

export interface ApiAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what a script gets is JSON
  readonly body: any;
}

/** The header `x-as: DN password` is somebody else's session, `x-name` another name of who has signed in. */
export async function serve({ as, may = () => true, now, ...written }: ServedOptions): Promise<Served> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("transfer"));
  const lines: string[] = [];
  const logger = createLog({ destination: (line) => lines.push(line) }).logger("manager");
  const metrics = createMetrics();
  const store = await openStore({
    metrics,
    url: `sqlite:${directory.file("espalier.db")}`,
    migrations: [eventMigrations, changeMigrations, numberMigrations, jobMigrations],
    logger,
  });
  cleanup.defer(() => store.close());
  const log = new EventLog({ store, logger, metrics: createMetrics(), dedupeWindowMs: 3_600_000 });
  cleanup.defer(() => log.close());
  const watched = cleanup.use(await watch({ tls: "none", ...written }));
  const changes = new DirectoryChanges({
    ...{ store, log, logger },
    seal: { seal: (bytes) => bytes, open: (bytes) => bytes },
  });
  cleanup.defer(() => changes.close());
  const changedPasswords: string[] = [];
  const clock = now === undefined ? {} : { now };
  const parts = { ...clock, clusters: watched.clusters, changes };
  const numbers = new NumberAllocator(store);
  const transfer = transferPart({ ...parts, numbers, store, log, logger, metrics, spoolDirectory: directory.path });
  cleanup.defer(() => transfer.close());
  const onOwnPasswordChanged = async (_: Session, __: Cluster, password: string) =>
    void changedPasswords.push(password);
  const passwords = passwordPart({ ...parts, onOwnPasswordChanged });
  const app = Fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  limitUploadTime(app);
  const closing = new AbortController();
  serveApi(app, {
    ...{ parts: [transfer.part, passwords], prefix: "/api/v1", logger, closing: closing.signal },
    authenticate: async ({ headers }) => {
      const [dn = as.dn, password = as.password] = String(headers["x-as"] ?? "")
        .split(" ")
        .filter((word) => word !== "");
      return {
        ...sessionOf(dn, password, may),
        ...(headers["x-name"] === undefined ? {} : { name: String(headers["x-name"]) }),
      };
    },
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  cleanup.defer(() => app.close());
  cleanup.defer(() => closing.abort());
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/api/v1`;

  const ask: Served["ask"] = async (method, path, body) => {
    const json =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    const response = await fetch(`${url}${path}`, { method, ...json });
    return { status: response.status, body: JSON.parse((await response.text()) || "null") };
  };
  const finished: Served["finished"] = (id) =>
    until(
      "the job to end",
      async () => {
        const answer = await ask("GET", `/jobs/${id}`);
        return ["queued", "running"].includes(answer.body.state) ? undefined : answer;
      },
      { timeoutMs: 500_000, intervalMs: 50 },
    );
  const resources = cleanup.move();
  return {
    ...{ url, cluster: watched.cluster, store, transfer, changedPasswords, log: lines, ask, finished },
    async exported(query = {}) {
      const response = await fetch(`${url}/clusters/main/export?${new URLSearchParams(query)}`);
      if (response.status !== 200) throw new Error(await response.text());
      return response.text();
    },
    async imported(file, { type = "text/ldif", ...query } = {}, isFollowed = true) {
      const response = await fetch(`${url}/clusters/main/import?${new URLSearchParams(query)}`, {
        ...{ method: "POST", body: file },
        headers: { "content-type": type },
      });
      const answer = { status: response.status, body: JSON.parse(await response.text()) };
      return answer.status === 202 && isFollowed ? finished(answer.body.id) : answer;
    },
    async events(type) {
      const { events } = await log.query({ ...(type === undefined ? {} : { types: [type] }), limit: 100 });
      return events;
    },
    async commits() {
      return Number(/^espalier_store_commits_total (\d+)$/m.exec(await metrics.text())?.[1]);
    },
    async undo(id) {
      const set = await changes.store.get(id);
      if (set === undefined) throw new Error(`there is no change set ${id}`);
      const actor = { session: sessionOf(as.dn, as.password, may), address: "127.0.0.1", requestId: "undo" };
      await changes.undo(watched.cluster, { ...actor, signal: new AbortController().signal }, set);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function sessionOf(dn: string, password: string, may: (action: Action, dn: string | undefined) => boolean): Session {
  const identity = person(dn, password);
  return {
    ...{ id: dn, name: dn, clusters: ["main"], identity: () => identity },
    may: (action, _cluster, entry) => may(action, entry),
    require(action, _cluster, entry) {
      if (!may(action, entry)) throw new ApiError("not_allowed", `You would need the action ${action}.`);
    },
  };
}

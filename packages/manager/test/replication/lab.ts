/** Replication as the manager shows it: real servers, a real store, and the routes of the part. */
import { randomBytes } from "node:crypto";
import {
  createLog,
  createMetrics,
  EventLog,
  eventMigrations,
  type Metrics,
  openStore,
  type StoredEvent,
} from "@espalier/service";
import { createHttpServer } from "@espalier/service/http";
import {
  createCertificateAuthority,
  freePort,
  Relay,
  type Slapd,
  sqliteDatabases,
  startSlapd,
  succeed,
  temporaryDirectory,
} from "@espalier/tests/lab";
import { onTestFinished } from "vitest";
import { serveApi } from "../../src/api/serve.ts";
import type { Changes } from "../../src/changes/change-set.ts";
import { DirectoryChanges } from "../../src/changes/directory-changes.ts";
import { changeMigrations } from "../../src/changes/migrations.ts";
import type { Cluster } from "../../src/clusters/cluster.ts";
import type { Identity } from "../../src/clusters/identity.ts";
import { type ReplicationConfig, replicationConfig } from "../../src/replication/config.ts";
import { replicationMigrations } from "../../src/replication/migrations.ts";
import { type ReplicationPart, replicationPart } from "../../src/replication/part.ts";
import type { Actor, Session } from "../../src/sessions/session.ts";
import { SealingKey } from "../../src/sessions/vault.ts";
import { type Watched, type WrittenCluster, watch } from "../clusters/watched.ts";

export interface Rooted {
  readonly url: string;
  readonly rootDn: string;
  readonly rootPassword: string;
}

/** Somebody who may do everything, as `identity`. */
export function sessionOf(identity: Identity, more: Partial<Session> = {}): Session {
  const session = { id: identity.key, name: identity.dn, clusters: ["main"], identity: () => identity };
  return { ...session, may: () => true, require: () => {}, ...more };
}

export interface ReplicationLab {
  readonly watched: Watched;
  readonly cluster: Cluster;
  readonly replication: ReplicationPart;
  readonly session: Session;
  /** Lines of the log. */
  readonly lines: readonly string[];
  actor(signal?: AbortSignal): Actor;
  get(path: string): Promise<Json>;
  request(method: "GET" | "POST", path: string, body?: unknown): Promise<{ status: number; body: Json }>;
  /** The lines of the answer. */
  diff(body: unknown): Promise<Json[]>;
  /** Those of replication, or of the audit trail; the oldest first. */
  events(which?: "replication" | "audit"): Promise<StoredEvent[]>;
  metrics(prefix: string): Promise<string[]>;
  advance(ms: number): void;
  /** Another manager on the same store, whose clock goes alike. */
  another(metrics?: Metrics): ReplicationPart;
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the route gives; tests compare it whole
export type Json = any;

export interface LabOptions {
  readonly cluster: WrittenCluster;
  /** Who asks. */
  readonly identity: Identity;
  readonly session?: Partial<Session>;
  readonly config?: Partial<ReplicationConfig>;
  /** A new SQLite file unless said. */
  readonly storeUrl?: string;
  /** Where the manager's clock stands until `advance`; it goes as the system's does unless said. */
  readonly startAt?: number;
  /** What happens around each application of changes. */
  readonly around?: (changes: Changes) => Changes;
}

/** Ends with the test. */
export async function replicationLab(options: LabOptions): Promise<ReplicationLab> {
  const { identity, config, startAt, around = (changes) => changes } = options;
  const lines: string[] = [];
  const logger = createLog({ level: "trace", destination: (line) => lines.push(line) }).logger("manager");
  const watched = await watch(options.cluster);
  onTestFinished(() => watched[Symbol.asyncDispose]());
  const migrations = [eventMigrations, changeMigrations, replicationMigrations];
  const store = await openStore({ url: options.storeUrl ?? (await sqliteDatabases().create()), logger, migrations });
  onTestFinished(() => store.close());
  let passedMs = 0;
  const now = () => (startAt ?? Date.now()) + passedMs;
  const metrics = createMetrics();
  const log = new EventLog({ store, logger, metrics, dedupeWindowMs: 1_000, now });
  const applied = new DirectoryChanges({ store, log, seal: new SealingKey(randomBytes(32)), logger, metrics, now });
  onTestFinished(async () => {
    await applied.close();
    await log.close(AbortSignal.timeout(1_000));
  });
  const { clusters } = watched;
  const needs = {
    clusters,
    changes: around(applied),
    store,
    log,
    logger,
    now,
    config: { ...replicationConfig.parse({}), ...config },
  };
  const another = (own = createMetrics()) => {
    const part = replicationPart({ ...needs, metrics: own });
    onTestFinished(() => part.close());
    return part;
  };
  const replication = another(metrics);
  const session = sessionOf(identity, options.session);
  const app = await createHttpServer({ trustedProxies: [], maxBodyBytes: 1_048_576, logger, plugins: [] });
  onTestFinished(() => app.close());
  serveApi(app, {
    ...{ parts: [replication.part], prefix: "/api/v1", authenticate: async () => session, logger },
    closing: new AbortController().signal,
  });
  await app.ready();
  const send = (method: "GET" | "POST", path: string, body?: unknown) =>
    app.inject({
      ...{ method, url: `/api/v1/clusters/main/replication${path}` },
      ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, payload: JSON.stringify(body) }),
    });
  return {
    ...{ watched, cluster: watched.cluster, replication, session, lines },
    actor: (signal = new AbortController().signal) => ({
      session,
      address: "192.0.2.7",
      requestId: "request-1",
      signal,
    }),
    async get(path) {
      const answer = await send("GET", path);
      if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${answer.payload}`);
      return answer.json();
    },
    async request(method, path, body) {
      const answer = await send(method, path, body);
      return { status: answer.statusCode, body: answer.payload === "" ? undefined : answer.json() };
    },
    async diff(body) {
      const answer = await send("POST", "/diff", body);
      if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${answer.payload}`);
      return answer.payload
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
    },
    async events(which = "replication") {
      const filter = which === "audit" ? { audit: true } : { types: ["replication.*"] };
      return [...(await log.query({ ...filter, order: "oldest first", limit: 1_000 })).events];
    },
    metrics: async (prefix) =>
      (await metrics.text())
        .split("\n")
        .filter((line) => line.startsWith(prefix))
        .sort(),
    advance: (ms) => {
      passedMs += ms;
    },
    another,
  };
}

export const baseDn = "dc=example,dc=com";

/** The base, `ou=people`, and whatever else is given. */
export function directoryLdif(more = ""): string {
  const base = `dn: ${baseDn}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: example\n`;
  return `${base}\ndn: ou=people,${baseDn}\nobjectClass: organizationalUnit\nou: people\n\n${more}`;
}

export function personLdif(uid: string, more = ""): string {
  const dn = `uid=${uid},ou=people,${baseDn}`;
  return `dn: ${dn}\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${uid}\nsn: ${uid}\n${more}\n`;
}

/** Behind everybody's back: by a client of its own. */
export async function describe(server: Rooted, dn: string, text: string): Promise<void> {
  await modify(server, `dn: ${dn}\nchangetype: modify\nreplace: description\ndescription: ${text}\n`);
}

export async function modify({ url, rootDn, rootPassword }: Rooted, input: string): Promise<void> {
  await succeed("ldapmodify", ["-x", "-H", url, "-D", rootDn, "-w", rootPassword], { input });
}

export interface CuttableMirror extends AsyncDisposable {
  readonly nodes: readonly Slapd[];
  /** What a node hears the others through: cutting it lets it go on answering clients. */
  readonly heard: readonly (readonly Relay[])[];
  readonly cluster: WrittenCluster;
}

/** Nodes with server ids 1, 2, …, each of which takes changes from all others over relays, and may be read in all its parts. */
export async function startCuttableMirror(count: number, more: Partial<WrittenCluster> = {}): Promise<CuttableMirror> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("replication"));
  const authority = await createCertificateAuthority(directory.path);
  const certificate = await authority.issue("server", ["localhost", "127.0.0.1"]);
  const ports: { ldap: number; ldaps: number }[] = [];
  while (ports.length < count) ports.push({ ldap: await freePort(), ldaps: await freePort() });
  const heard: Relay[][] = [];
  for (const own of ports) {
    const relays: Relay[] = [];
    for (const { ldaps } of ports.filter((other) => other !== own)) relays.push(cleanup.use(await Relay.start(ldaps)));
    heard.push(relays);
  }
  const nodes: Slapd[] = [];
  for (const [index, own] of ports.entries()) {
    const ldif = nodes[0] === undefined ? directoryLdif(personLdif("ann")) : await nodes[0].dump();
    const providers = (heard[index] ?? []).map(({ port }) => `ldaps://127.0.0.1:${port}`);
    const replication = { serverId: index + 1, providers };
    const options = { ldif, certificate, ports: own, replication, monitor: true, readableConfiguration: true };
    nodes.push(cleanup.use(await startSlapd(options)));
  }
  const resources = cleanup.move();
  return {
    ...{ nodes, heard },
    cluster: { ...clusterOf(nodes), ...more },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Nodes `a`, `b`, `c`, …, read from the first on. */
export function clusterOf(nodes: readonly { readonly port: number }[]): WrittenCluster {
  return {
    nodes: nodes.map(({ port }, index) => ({ host: "127.0.0.1", port, name: "abcdef"[index] ?? "" })),
    ...{ base_dn: baseDn, tls: "none", multi_master: true },
  };
}

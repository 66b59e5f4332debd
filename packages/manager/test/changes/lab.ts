/** Changes over real servers and a real store, for sessions that a test makes up. */
import { randomBytes } from "node:crypto";
import { attribute, type Change, LdapError, ResultCode } from "@espalier/ldap";
import { LdapClient, type SearchEntry } from "@espalier/ldap/client";
import {
  createLog,
  createMetrics,
  EventLog,
  eventMigrations,
  type Logger,
  type Metrics,
  openStore,
  type Store,
  type StoredEvent,
} from "@espalier/service";
import { createHttpServer } from "@espalier/service/http";
import { type Slapd, sqliteDatabases } from "@espalier/tests/lab";
import { onTestFinished } from "vitest";
import { serveApi } from "../../src/api/serve.ts";
import { DirectoryChanges } from "../../src/changes/directory-changes.ts";
import { changeMigrations } from "../../src/changes/migrations.ts";
import { changePart } from "../../src/changes/part.ts";
import type { Cluster } from "../../src/clusters/cluster.ts";
import type { Actor, Session } from "../../src/sessions/session.ts";
import { SealingKey } from "../../src/sessions/vault.ts";
import { administrator, type Watched, type WrittenCluster, watch } from "../clusters/watched.ts";
import { clusterOf, sessionOf } from "../reading/api.ts";

export { administrator, anybody, person } from "../clusters/watched.ts";
export { clusterOf, sessionOf } from "../reading/api.ts";

export interface ChangesLab {
  readonly store: Store;
  readonly log: EventLog;
  readonly changes: DirectoryChanges;
  readonly metrics: Metrics;
  readonly cluster: Cluster;
  readonly watched: Watched;
  /** Lines of the log. */
  readonly lines: readonly string[];
  actor(session?: Session): Actor;
  /** The audit trail, the oldest first. */
  audit(): Promise<readonly StoredEvent[]>;
  request(method: string, path: string, body?: unknown, session?: Session): Promise<{ status: number; body: Json }>;
  advance(ms: number): void;
  /** Another manager on the same store, with the same key. */
  restarted(): DirectoryChanges;
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the route gives; tests compare it whole
export type Json = any;

export interface LabOptions {
  readonly server: Pick<Slapd, "port" | "rootDn" | "rootPassword">;
  readonly cluster?: WrittenCluster;
  readonly storeUrl?: string;
  readonly logger?: Logger;
}

/** Ends with the test. */
export async function changesLab({ server, cluster: written, storeUrl }: LabOptions): Promise<ChangesLab> {
  const lines: string[] = [];
  const logger = createLog({ destination: (line) => lines.push(line) }).logger("manager");
  const watched = await watch(written ?? clusterOf(server));
  onTestFinished(() => watched[Symbol.asyncDispose]());
  const store = await openStore({
    ...{ url: storeUrl ?? (await sqliteDatabases().create()), logger },
    migrations: [eventMigrations, changeMigrations],
  });
  let passedMs = 0;
  const now = () => Date.now() + passedMs;
  const metrics = createMetrics();
  const log = new EventLog({ store, logger, metrics, dedupeWindowMs: 1_000, now });
  const seal = new SealingKey(randomBytes(32));
  const changes = new DirectoryChanges({ store, log, seal, logger, metrics, now });
  onTestFinished(async () => {
    await changes.close();
    await log.close(AbortSignal.timeout(1_000));
    await store.close();
  });
  const administratorsSession = sessionOf(administrator(server));
  let session = administratorsSession;
  const app = await createHttpServer({ trustedProxies: [], maxBodyBytes: 1_048_576, logger, plugins: [] });
  onTestFinished(() => app.close());
  serveApi(app, {
    parts: [changePart({ clusters: watched.clusters, changes })],
    ...{ prefix: "/api/v1", authenticate: async () => session, closing: new AbortController().signal, logger },
  });
  await app.ready();
  return {
    ...{ store, log, changes, metrics, watched, lines, cluster: watched.cluster },
    actor: (as = administratorsSession) => ({
      ...{ session: as, address: "192.0.2.7", requestId: "request-1", signal: new AbortController().signal },
    }),
    audit: async () => (await log.query({ audit: true, order: "oldest first", limit: 1_000 })).events,
    async request(method, path, body, as = administratorsSession) {
      session = as;
      const answer = await app.inject({
        ...{ method: method as "GET", url: `/api/v1${path}` },
        ...(body === undefined
          ? {}
          : { headers: { "content-type": "application/json" }, payload: JSON.stringify(body) }),
      });
      return { status: answer.statusCode, body: answer.payload === "" ? undefined : answer.json() };
    },
    advance: (ms) => {
      passedMs += ms;
    },
    restarted: () => new DirectoryChanges({ store, log, seal, logger, now }),
  };
}

export const baseDn = "dc=example,dc=com";
export const annDn = `uid=ann,ou=people,${baseDn}`;

/** The base, `ou=people`, `ou=groups`, Ann, and a group of hers. */
export const directoryLdif = `dn: ${baseDn}
objectClass: dcObject
objectClass: organization
dc: example
o: example

dn: ou=people,${baseDn}
objectClass: organizationalUnit
ou: people

dn: ou=groups,${baseDn}
objectClass: organizationalUnit
ou: groups

dn: ${annDn}
objectClass: inetOrgPerson
uid: ann
cn: Ann Lee
cn: Annie
sn: Lee
mail: ann@example.com
mail: lee@example.com
title: Engineer
userPassword: pw-ann

dn: cn=admins,ou=groups,${baseDn}
objectClass: groupOfNames
cn: admins
member: ${annDn}
`;

/** The directory as an administrator sees it, around everything that is tested. */
export class Directory implements AsyncDisposable {
  readonly #client: LdapClient;
  #count = 0;

  private constructor(client: LdapClient) {
    this.#client = client;
  }

  static async open({
    port,
    rootDn,
    rootPassword,
  }: Pick<Slapd, "port" | "rootDn" | "rootPassword">): Promise<Directory> {
    const client = await LdapClient.connect({ url: `ldap://127.0.0.1:${port}` });
    await client.bind(rootDn, rootPassword);
    return new Directory(client);
  }

  /** A new person, with whatever else is given. */
  async person(attributes: Readonly<Record<string, readonly (string | Uint8Array)[]>> = {}): Promise<string> {
    this.#count += 1;
    const uid = `person${this.#count}`;
    const all = { objectClass: ["inetOrgPerson"], uid: [uid], cn: ["Ann Lee", "Annie"], sn: ["Lee"], ...attributes };
    const dn = `uid=${uid},ou=people,${baseDn}`;
    await this.add(dn, all);
    return dn;
  }

  async add(dn: string, attributes: Readonly<Record<string, readonly (string | Uint8Array)[]>>): Promise<void> {
    await this.#client.add(
      dn,
      Object.entries(attributes).map(([type, values]) => attribute(type, ...values)),
    );
  }

  async modify(
    dn: string,
    operation: Change["operation"],
    type: string,
    ...values: (string | Uint8Array)[]
  ): Promise<void> {
    await this.#client.modify(dn, [{ operation, modification: attribute(type, ...values) }]);
  }

  async entry(dn: string, ...attributes: string[]): Promise<SearchEntry | undefined> {
    try {
      const { entries } = await this.#client.searchAll({ baseObject: dn, scope: "baseObject", attributes });
      return entries[0];
    } catch (error) {
      if (error instanceof LdapError && error.resultCode === ResultCode.noSuchObject) return undefined;
      throw error;
    }
  }

  /** Values in alphabetical order; bytes that are not text in hexadecimal digits. */
  async values(dn: string, type: string): Promise<string[]> {
    const values = (await this.entry(dn, type))?.values(type) ?? [];
    return values
      .map((value) => Buffer.from(value))
      .map((value) =>
        value.includes(0) || value.some((byte) => byte > 0xf7) ? value.toString("hex") : value.toString(),
      )
      .sort();
  }

  async version(dn: string, type = "entryCSN"): Promise<string> {
    const [version = ""] = await this.values(dn, type);
    return version;
  }

  /** All user attributes as they are, sorted, for comparing whole entries. */
  async image(dn: string): Promise<Record<string, string[]> | undefined> {
    const entry = await this.entry(dn, "*");
    if (entry === undefined) return undefined;
    const pairs = entry.attributes.map(({ type, values }): [string, string[]] => [
      type,
      values.map((value) => Buffer.from(value).toString("latin1")).sort(),
    ]);
    return Object.fromEntries(pairs.sort(([left], [right]) => (left < right ? -1 : 1)));
  }

  /** Whether this password lets somebody in. */
  async accepts(dn: string, password: string): Promise<boolean> {
    const client = await LdapClient.connect({ url: this.#client.url });
    try {
      await client.bind(dn, password);
      return true;
    } catch {
      return false;
    } finally {
      await client.unbind();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client.unbind();
  }
}

/**
 * Sessions: opened by whoever has proved who they are, found by the token of their cookie on whichever node, and ended by their
 * owner, an administrator, their age, or a directory that no longer takes their password.
 */
import { type Logger, type Statement, type Store, sql, type Transaction } from "@espalier/service";
import { ApiError } from "../api/problem.ts";
import type { Clusters } from "../clusters/cluster.ts";
import type { Identity } from "../clusters/identity.ts";
import type { ManagerConfig } from "../config.ts";
import { Assembly } from "./assemble.ts";
import { Background } from "./background.ts";
import type { Endings } from "./endings.ts";
import type { CloseReason, SessionEvents } from "./events.ts";
import type { SessionInstruments } from "./metrics.ts";
import {
  connectionRow,
  type NewConnection,
  type NewSession,
  type Origin,
  randomId,
  sessionRow,
} from "./new-session.ts";
import { type Connection, identityKey, type OpenSession, type SessionKeys } from "./open-session.ts";
import type { Credentials, Proofs } from "./proofs.ts";
import { RefusedSecrets } from "./refused-secrets.ts";
import { RoleReader } from "./role-reader.ts";
import { deleteSessions, type FoundRows, findRows, insertSession, putConnection, type SessionRow } from "./rows.ts";
import { Tokens } from "./tokens.ts";
import type { Vault } from "./vault.ts";

export interface SessionsOptions {
  readonly clusters: Clusters;
  readonly store: Store;
  readonly vault: Vault;
  readonly proofs: Proofs;
  readonly events: SessionEvents;
  readonly config: Pick<ManagerConfig, "sessions" | "totp">;
  readonly logger: Logger;
  readonly instruments: SessionInstruments;
  readonly endings: Endings;
  readonly now: () => number;
}

export interface Opened {
  /** For the cookie, and nowhere else. */
  readonly token: string;
  readonly session: OpenSession;
}

const minuteMs = 60_000;
const noteUseEveryMs = minuteMs;
const sweepEveryMs = 5 * minuteMs;
const maxSessionsOfPerson = 100;

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #assembly: Assembly;
  readonly #roles: RoleReader;
  readonly #sweeper: NodeJS.Timeout;
  readonly #background: Background;
  readonly #endings: Endings;
  readonly #tokens: Tokens;
  readonly #refusedSecrets: RefusedSecrets;
  /** Sessions whose use is being noted. */
  readonly #noting = new Set<string>();

  constructor(options: SessionsOptions) {
    const { clusters, vault, config } = options;
    this.#options = options;
    this.#assembly = new Assembly({ clusters, vault, totpRequired: config.totp.required });
    this.#roles = new RoleReader(options);
    this.#background = new Background(options.logger);
    this.#endings = options.endings;
    this.#tokens = new Tokens(vault);
    this.#refusedSecrets = new RefusedSecrets(options);
    this.#sweeper = setInterval(
      () => this.#background.run("ending old sessions", () => this.sweep()),
      sweepEveryMs,
    ).unref();
  }

  /** Finishes what is being written. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    await this.settled();
  }

  /** Resolves when what nobody waits for is done. */
  settled(): Promise<void> {
    return this.#background.settled();
  }

  /** @throws ApiError as `Proofs.prove` does */
  async signIn({ userAgent, ...credentials }: Credentials & Origin, replaces?: OpenSession): Promise<Opened> {
    const { cluster, password, address } = credentials;
    const id = randomId();
    const generation = randomId();
    const { dn, passwordNotes, factor } = await this.counted("password", () =>
      this.#options.proofs.prove(credentials, identityKey(id, cluster.name, generation)),
    );
    const connection: NewConnection = { cluster, dn, actsAs: "self", generation, password, passwordNotes };
    return this.open({ id, method: "password", factor, connections: [connection], address, userAgent, replaces });
  }

  /** For somebody who has been proved to be the person. */
  async open(wanted: NewSession): Promise<Opened> {
    const { id, method, provider, address, replaces } = wanted;
    const { store, config, events, instruments } = this.#options;
    const [home] = wanted.connections;
    const token = this.#tokens.make();
    const keys = this.#tokens.keysOf(token);
    const now = this.#options.now();
    const row = sessionRow(wanted, now, now + config.sessions.maxAge);
    const connections = wanted.connections.map((connection) => connectionRow(id, keys, connection));
    const { replaced, surplus } = await store.write(async (transaction) => {
      const replaced = replaces === undefined ? [] : await deleteSessions(transaction, sql`id = ${replaces.id}`);
      await insertSession(transaction, this.#tokens.hashOf(token), row);
      for (const connection of connections) await putConnection(transaction, id, connection);
      const newest = sql`SELECT id FROM manager_sessions WHERE person = ${row.person} AND id <> ${id}
        ORDER BY created_at DESC, id LIMIT ${maxSessionsOfPerson - 1}`;
      const surplus = await deleteSessions(
        transaction,
        sql`person = ${row.person} AND id <> ${id} AND id NOT IN (${newest})`,
      );
      return { replaced, surplus };
    });
    this.#endings.ended(replaced, "another sign-in");
    this.#endings.ended(surplus, "too many sessions");
    events.opened({ cluster: home.cluster.name, dn: home.dn, address }, { session: id, method, provider });
    instruments.signIns.labels({ method, outcome: "opened" }).inc();
    const session = await this.#found({ session: row, connections, shared: [] }, keys);
    if (session === undefined) throw ended();
    this.#tokens.note(token, true);
    return { token, session };
  }

  /**
   * The session that the token opens. Notes its use, and reads the groups of the person anew every few minutes.
   *
   * @throws StoreError
   */
  async find(token: string): Promise<OpenSession | undefined> {
    const rows = await this.#rows(sql`s.token_hash = ${this.#tokens.hashOf(token)}`);
    const session = rows && (await this.#found(rows, this.#tokens.keysOf(token)));
    this.#tokens.note(token, session !== undefined);
    return session;
  }

  /** Whether the token has opened a session here lately: without asking the store. */
  isKnown(token: string): boolean {
    return this.#tokens.isKnown(token);
  }

  /** As it is now; `readsRoles` reads the groups of the person anew. @throws ApiError `not_signed_in` */
  async reload(session: OpenSession, { readsRoles = false } = {}): Promise<OpenSession> {
    const rows = await this.#rows(sql`s.id = ${session.id}`);
    const found = rows && (await this.#found(rows, session.keys, readsRoles));
    if (found === undefined) throw ended();
    return found;
  }

  /** Connects it to a further cluster, or to one of its own as somebody else. @throws ApiError as `Proofs.prove` does */
  async connect(session: OpenSession, credentials: Credentials): Promise<OpenSession> {
    const { cluster, password, address } = credentials;
    if (cluster.name === session.row.home_cluster) {
      throw new ApiError(
        "conflict",
        `This session is of ${session.name} in ${cluster.name}: sign in anew as somebody else.`,
      );
    }
    const generation = randomId();
    const key = identityKey(session.id, cluster.name, generation);
    const { dn, passwordNotes, factor } = await this.#options.proofs.prove(credentials, key);
    const row = connectionRow(session.id, session.keys, {
      ...{ cluster, dn, actsAs: "self", generation, password, passwordNotes },
    });
    const isThere = await this.#options.store.write(async (transaction) => {
      if (!(await isOpen(transaction, session.id))) return false;
      await putConnection(transaction, session.id, row);
      if (factor === "given") await noteFactor(transaction, session.id);
      return true;
    });
    if (!isThere) throw ended();
    const before = session.connections.find((each) => each.cluster.name === cluster.name);
    if (before !== undefined) {
      this.#endings.released(session.id, { cluster: cluster.name, generation: before.generation });
    }
    this.#options.events.connected({ cluster: cluster.name, dn, address }, session.id, session.name);
    return this.reload(session);
  }

  /** Drops the secret of a cluster. Without the cluster that it was opened by, a session ends. */
  async disconnect(session: OpenSession, cluster: string): Promise<void> {
    const { dn, generation } = session.connection(cluster);
    if (cluster === session.row.home_cluster) return this.end(session.id, "signed out");
    await this.#options.store.write((transaction) =>
      transaction.run(
        sql`DELETE FROM manager_connections
          WHERE session_id = ${session.id} AND cluster = ${cluster} AND generation = ${generation}`,
      ),
    );
    this.#endings.released(session.id, { cluster, generation });
    this.#options.events.disconnected({ cluster, dn }, session.id, "asked for");
  }

  /** The person has another password in the cluster now, which this session goes on with. */
  async passwordChanged(session: OpenSession, cluster: string, password: string): Promise<void> {
    const connection = session.connection(cluster);
    if (connection.secret === undefined) return;
    const generation = randomId();
    const secret = session.keys.secrets().sealText(password, identityKey(session.id, cluster, generation));
    await this.#options.store.write((transaction) =>
      transaction.run(
        sql`UPDATE manager_connections SET secret = ${secret}, generation = ${generation}, password_notes = NULL,
            member_of_read_at = 0
          WHERE session_id = ${session.id} AND cluster = ${cluster} AND generation = ${connection.generation}`,
      ),
    );
    this.#endings.released(session.id, { cluster, generation: connection.generation });
  }

  /** Notes that its person has given the second factor. */
  async factorGiven(session: OpenSession): Promise<void> {
    await this.#options.store.write((transaction) => noteFactor(transaction, session.id));
  }

  async end(id: string, reason: CloseReason): Promise<void> {
    this.#endings.ended(
      await this.#options.store.write((transaction) => deleteSessions(transaction, sql`id = ${id}`)),
      reason,
    );
  }

  /** A directory has refused to bind this identity again. */
  refused(key: string): void {
    this.#background.run("dropping a refused secret", () => this.#refusedSecrets.drop(key));
  }

  /** Ends what is too old. */
  async sweep(): Promise<void> {
    const { store, now } = this.#options;
    const old = await store.write((transaction) => deleteSessions(transaction, sql`expires_at <= ${now()}`));
    this.#endings.ended(old, "too old");
    const idle = await store.write(async (transaction) => {
      await transaction.run(sql`DELETE FROM manager_shared_passwords WHERE expires_at <= ${now()}`);
      return deleteSessions(transaction, sql`used_at <= ${this.#idleSince()}`);
    });
    this.#endings.ended(idle, "idle");
  }

  /** Counts how it ends, unless well, which `open` does. */
  async counted<T>(method: SessionRow["method"], work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const outcome = outcomes[error instanceof ApiError ? error.code : "unavailable"] ?? "unavailable";
      this.#options.instruments.signIns.labels({ method, outcome }).inc();
      throw error;
    }
  }

  #rows(where: Statement): Promise<FoundRows | undefined> {
    return findRows(this.#options.store, where, this.#options.now());
  }

  async #found(rows: FoundRows, keys: SessionKeys, readsRoles = false): Promise<OpenSession | undefined> {
    const { session: row } = rows;
    const now = this.#options.now();
    if (row.expires_at <= now || row.used_at <= this.#idleSince()) {
      await this.end(row.id, row.expires_at <= now ? "too old" : "idle");
      return undefined;
    }
    this.#noteUse(row, now);
    const session = this.#assembly.session(rows, keys);
    const due = session.connections.filter((connection) => readsRoles || this.#roles.isDue(connection));
    if (due.length === 0) return session;
    await Promise.all(due.map((connection) => this.#readRoles(session, connection)));
    const renewed = await this.#rows(sql`s.id = ${row.id}`);
    return renewed && this.#assembly.session(renewed, keys);
  }

  async #readRoles(session: OpenSession, connection: Connection): Promise<void> {
    const { cluster, generation } = connection;
    const key = identityKey(session.id, cluster.name, generation);
    const own = ownIdentity(session, connection);
    const found = await this.#roles.read(connection, key, own);
    if (found === "refused") return this.#refusedSecrets.drop(own?.key ?? key);
    await this.#options.store.write((transaction) =>
      transaction.run(
        sql`UPDATE manager_connections SET member_of = ${found.member_of}, asked_groups = ${found.asked_groups},
            member_of_read_at = ${found.member_of_read_at}
          WHERE session_id = ${session.id} AND cluster = ${cluster.name} AND generation = ${generation}`,
      ),
    );
  }

  #idleSince(): number {
    return this.#options.now() - this.#options.config.sessions.idle;
  }

  /** Once a minute: a commit for every request would cost more than the request. */
  #noteUse({ id, used_at: usedAt }: SessionRow, now: number): void {
    if (now - usedAt < noteUseEveryMs || this.#noting.has(id)) return;
    this.#noting.add(id);
    this.#background.run("noting the use of a session", async () => {
      try {
        await this.#options.store.write((transaction) =>
          transaction.run(sql`UPDATE manager_sessions SET used_at = ${now} WHERE id = ${id} AND used_at < ${now}`),
        );
      } finally {
        this.#noting.delete(id);
      }
    });
  }
}

const outcomes: Readonly<Record<string, string>> = {
  wrong_credentials: "refused",
  not_allowed: "refused",
  second_factor_needed: "second_factor_needed",
  too_many_requests: "too_many",
};

function ended(): ApiError {
  return new ApiError("not_signed_in", "The session has ended. Sign in again.");
}

/** `undefined` while it has to wait for a shared password. */
function ownIdentity(session: OpenSession, connection: Connection): Identity | undefined {
  try {
    return session.identityOf(connection);
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

async function isOpen(transaction: Transaction, id: string): Promise<boolean> {
  return (await transaction.first(sql`SELECT 1 FROM manager_sessions WHERE id = ${id}`)) !== undefined;
}

function noteFactor(transaction: Transaction, id: string): Promise<number> {
  return transaction.run(sql`UPDATE manager_sessions SET factor = 'given' WHERE id = ${id}`);
}

/** One directory: a base DN, the tables behind it, the snapshot that is served, and the operations on it. */
import {
  type BindRequest,
  type CompareRequest,
  LdapError,
  ParseError,
  ResultCode,
  type Schema,
  type SearchRequest,
} from "@espalier/ldap";
import {
  anonymous,
  type BindOperation,
  type Handled,
  type Operation,
  type SearchOperation,
  type Session,
} from "@espalier/ldap/server";
import type { CheckResult, Logger } from "@espalier/service";
import { NotificationBackend } from "./approval/notification.ts";
import type { AttemptKeys } from "./backoff/attempt.ts";
import type { BackoffLedger } from "./backoff/ledger.ts";
import { Binds } from "./bind/binds.ts";
import { type AuthChain, type Credentials, credentialsOf } from "./bind/credentials.ts";
import { authChainOf, baseOf, type GatewayConfig, notificationOptionsOf, sourceOptionsOf } from "./config.ts";
import { PasswordVerifier } from "./password/verifier.ts";
import { Population } from "./refresh/population.ts";
import { Refresher } from "./refresh/refresher.ts";
import { checkAssertion } from "./search/assertion.ts";
import { compare } from "./search/compare.ts";
import { LookupOnMiss } from "./search/lookup-on-miss.ts";
import { noSuchObject } from "./search/no-such-object.ts";
import { Searches } from "./search/search.ts";
import type { SessionState } from "./session-state.ts";
import { Snapshot } from "./snapshot/snapshot.ts";
import { openSource, type Source, type User } from "./source/source.ts";
import { rootDse, subschema } from "./tree/published.ts";
import { createTree, type Tree } from "./tree/tree.ts";

export interface DirectoryOptions {
  readonly config: GatewayConfig;
  readonly schema: Schema;
  readonly backoff: BackoffLedger;
  readonly attemptKeys: AttemptKeys;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly version: string;
  readonly offersStartTls: boolean;
  readonly onPass: (pass: { durationMs: number; failed: boolean }) => void;
}

export class Directory {
  readonly tree: Tree;
  readonly snapshot: Snapshot;
  readonly population: Population;
  readonly refresher: Refresher;
  readonly verifier: PasswordVerifier;
  readonly #options: DirectoryOptions;
  readonly #source: Source;
  readonly #searches: Searches;
  readonly #binds: Binds;

  constructor(options: DirectoryOptions) {
    const { config, schema, log, now } = options;
    this.#options = options;
    this.tree = createTree({ base: baseOf(config), placement: config.placement, schema });
    this.snapshot = new Snapshot(schema);
    this.verifier = new PasswordVerifier({
      allowCleartext: config.binds.allowCleartext,
      maxWorkers: config.binds.slowHashes,
      onWorkerLost: (error) =>
        log.error("A thread that verifies passwords was lost; another takes its place.", { error }),
    });
    const keepsPasswords = config.binds.source === "snapshot" || config.outage.binds === "lastKnown";
    const chain = authChainOf(config);
    const lastKnownForMs = config.outage.binds === "lastKnown" ? config.outage.lastKnownFor : 0;
    this.population = new Population(this.snapshot, {
      tree: this.tree,
      defaults: { inventMail: config.inventMail },
      observePassword: (stored) => this.verifier.observe(stored),
      credentialsToKeep: keepsPasswords ? (user) => credentialsThatAdmit(user, chain) : undefined,
      now,
    });
    this.#source = openSource(sourceOptionsOf(config));
    this.refresher = new Refresher({
      source: this.#source,
      population: this.population,
      intervalMs: config.refresh.interval,
      serveForMs: config.outage.serveSearchesFor,
      log: log.child("refresh"),
      now,
      onPass: options.onPass,
    });
    this.#searches = new Searches({
      snapshot: this.snapshot,
      published: this.#published(),
      keyOf: (dn) => this.#keyOf(dn),
      checkAccess: (session) => this.#checkAccess(session),
      misses: new LookupOnMiss({
        schema,
        keyOfUser: (username) => this.tree.key(this.tree.userDn(username)),
        isServed: (key) => this.snapshot.get(key) !== undefined,
        load: (username) => this.refresher.load(username),
        now,
      }),
    });
    this.#binds = new Binds({
      tree: this.tree,
      source: this.#source,
      population: this.population,
      refresher: this.refresher,
      verifier: this.verifier,
      backoff: options.backoff,
      attemptKeys: options.attemptKeys,
      keyOf: (dn) => this.#keyOf(dn),
      from: config.binds.source,
      lastKnownForMs,
      chain,
      notification: config.notification && new NotificationBackend(notificationOptionsOf(config, config.notification)),
      now,
    });
  }

  /** Starts reading. `refresher.loaded` says when there is something to serve. */
  start(): void {
    this.refresher.start();
  }

  async stop(): Promise<void> {
    await this.refresher.stop();
    await this.#source.close();
    await this.verifier.close();
  }

  search(request: SearchRequest, operation: SearchOperation<SessionState>): Handled {
    return this.#searches.search(request, operation);
  }

  compare(request: CompareRequest, operation: Operation<SessionState>): void {
    this.#checkAccess(operation.session);
    const entry = this.snapshot.get(this.#keyOf(request.entry));
    if (!entry) throw noSuchObject(request.entry, this.snapshot, (dn) => this.#keyOf(dn));
    checkAssertion(operation.controls, entry, this.snapshot.schema);
    operation.end(compare(request, entry, this.snapshot));
  }

  bind(request: BindRequest, operation: BindOperation<SessionState>): Handled {
    return this.#binds.bind(request, operation);
  }

  /** The `directory` check of `/health`. */
  health(): CheckResult {
    const { refresher, population } = this;
    const counts = {
      base: this.tree.base,
      users: population.userCount,
      groups: population.groupCount,
      skippedRows: refresher.skipped.length,
      ...(refresher.lastSuccessMs === undefined ? {} : { refreshed: new Date(refresher.lastSuccessMs).toISOString() }),
    };
    if (refresher.outageSinceMs === undefined) {
      return { status: refresher.isLoaded ? "ok" : "error", ...counts };
    }
    return {
      status: refresher.isServing() ? "degraded" : "error",
      since: new Date(refresher.outageSinceMs).toISOString(),
      reason: refresher.lastError,
      ...counts,
    };
  }

  #checkAccess(session: Session<unknown>): void {
    if (this.#options.config.requireAuthForSearch && session.authorization === anonymous) {
      throw new LdapError(
        ResultCode.insufficientAccessRights,
        "Bind first: this server does not answer anonymous requests.",
      );
    }
    if (!this.refresher.isServing()) {
      throw new LdapError(ResultCode.unavailable, "The user database cannot be reached. Try another server, or later.");
    }
  }

  #keyOf(dn: string): string {
    try {
      return this.tree.key(dn);
    } catch (error) {
      if (error instanceof ParseError) throw new LdapError(ResultCode.invalidDnSyntax, error.message);
      throw error;
    }
  }

  #published(): Snapshot {
    const { schema, now, version, offersStartTls } = this.#options;
    const published = new Snapshot(schema);
    published.put(rootDse(this.tree, { version, startTls: offersStartTls }), undefined);
    published.put(subschema(schema, new Date(now())), undefined);
    return published;
  }
}

/** Only what would admit its user in a bind against the row, so that one against memory admits nobody else. */
function credentialsThatAdmit(user: User, chain: AuthChain): Credentials | undefined {
  const credentials = credentialsOf(user, chain);
  return typeof credentials === "string" ? undefined : credentials;
}

/** The shared part of a pool: who gets which shared connection, and connections that are bound to become one. */
import { type LdapResult, ResultCode, resultCodeName } from "@espalier/ldap";
import { ConnectBackoff } from "./connect-backoff.ts";
import { type ConnectionRoster, isSame } from "./connection-roster.ts";
import { GivenConnections } from "./given-connections.ts";
import { SharedGroup } from "./shared-group.ts";
import { type ServiceAccount, SharedGroups, type SharedIdentity } from "./shared-groups.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";
import { UpstreamBindRefused } from "./upstream-error.ts";
import type { WaitingLine } from "./waiting-line.ts";

export interface SharedConnectionsOptions {
  /** The backend, in messages. */
  readonly name: string;
  /** At most so many for one identity, four times as many where requests go one by one. */
  readonly sharedConnections: number;
  /** With so many requests outstanding others wait. */
  readonly maxPending: number;
  readonly service?: ServiceAccount | undefined;
  /** Whether requests may be sent behind others, or go one by one; true unless said. */
  readonly bearsPipelining?: (() => boolean) | undefined;
}

/** The pool around it. */
export interface SharedConnectionsOwner {
  readonly outstanding: number;
  newLine(): WaitingLine<UpstreamConnection>;
  /** Something has changed: somebody may be served, or a connection be missing. */
  serve(): void;
}

/**
 * Requests on one connection that strangers share; more wait. OpenLDAP closes a connection on which more than 100 wait, 1,000 where
 * somebody is bound (slapd.conf(5), conn_max_pending), and all that was under way on it would be lost.
 */
const MAX_OUTSTANDING = 64;

/** Where requests go one by one an identity has so many times as many connections. */
const ONE_BY_ONE_CONNECTIONS = 4;

/** Where requests go one by one, one that has waited for so long goes behind another after all: it cannot be held back for longer. */
const PATIENCE_MS = 100;

/** With so many requests on the least busy connection of a group another one is opened. */
const BUSY_REQUESTS = 4;

export class SharedConnections {
  readonly #options: SharedConnectionsOptions;
  readonly #owner: SharedConnectionsOwner;
  readonly #roster: ConnectionRoster;
  readonly #groups: SharedGroups;
  /** Groups in which somebody waits, or that have use for another connection. */
  readonly #wanting = new Set<SharedGroup>();
  readonly #given: GivenConnections;
  #impatience: NodeJS.Timeout | undefined;

  constructor(
    options: SharedConnectionsOptions,
    owner: SharedConnectionsOwner,
    roster: ConnectionRoster,
    random: () => number,
  ) {
    this.#options = options;
    this.#owner = owner;
    this.#roster = roster;
    this.#given = new GivenConnections(() => owner.serve());
    this.#groups = new SharedGroups(
      options.service,
      (identity, bind) => new SharedGroup(identity, bind, owner.newLine(), new ConnectBackoff(random), this.#given),
    );
  }

  /** The least busy connection, when there is one and nobody waits for it. */
  free(identity: SharedIdentity): UpstreamConnection | undefined {
    const group = this.#groups.of(identity);
    group.isUsed = true;
    if (group.waiting.size > 0 || !this.#mayGrant) return undefined;
    const connection = group.leastBusy(this.#isOneByOne ? 1 : MAX_OUTSTANDING);
    if (connection === undefined) return undefined;
    this.#given.give(connection);
    if (connection.outstandingCount >= BUSY_REQUESTS && this.#mayGrow(group)) this.want(group);
    return connection;
  }

  /** Rejects with {@link UpstreamBindRefused} while a bind that was refused is not to be tried again. */
  wait(identity: SharedIdentity, client: unknown, deadlineMs: number): Promise<UpstreamConnection> {
    const group = this.#groups.of(identity);
    if (isBackingOff(group) && group.usableCount === 0) return Promise.reject(group.refused);
    if (identity.kind === "user") group.bind = identity.credentials.request;
    this.#wanting.add(group);
    if (this.#isOneByOne) this.#serveImpatient();
    return group.waiting.wait(client, deadlineMs, undefined);
  }

  /** Whether `serve` has anything to do. */
  get isWanting(): boolean {
    return this.#wanting.size > 0;
  }

  /** Gives what there is to those who wait, and idle connections to groups that want one. */
  serve(): void {
    for (const group of this.#wanting) {
      this.#grantWaiting(group);
      const isShort = group.usableCount === 0 || (this.#mayGrant && this.#mayGrow(group));
      if (group.waiting.size > 0 && isShort) group.isWanting = true;
      if (group.isWanting && group.preparing === 0 && !isBackingOff(group)) {
        const connection = this.#roster.idle(group.identity);
        if (connection !== undefined) this.#prepare(connection, group);
      }
      if (group.waiting.size === 0 && !group.isWanting) this.#wanting.delete(group);
    }
  }

  /** Connections that would be of use, and those of them without which somebody goes on waiting. */
  missing(): { useful: number; needed: number } {
    let useful = 0;
    let needed = 0;
    for (const group of this.#wanting) {
      if (group.preparing > 0) continue;
      if (group.isWanting) useful++;
      if (group.waiting.size > 0 && group.usableCount === 0) needed++;
    }
    return { useful, needed };
  }

  /** Makes up to `count` connections idle on which nothing is outstanding. Returns whether there were any. */
  reclaim(count: number): boolean {
    let left = count;
    for (const group of this.#groups) {
      if (this.#wanting.has(group)) continue;
      for (let idle = group.idle(); idle !== undefined && left > 0; idle = group.idle()) {
        this.#roster.assign(idle, { kind: "idle" });
        left--;
      }
    }
    return left < count;
  }

  /** One connection more would be of use to a group. */
  want(group: SharedGroup): void {
    group.isWanting = true;
    this.#wanting.add(group);
    this.#owner.serve();
  }

  /** To be called now and then. */
  tidy(nowMs: number, idleMs: number): void {
    this.#groups.tidy(nowMs, idleMs);
    // Whether another connection is of use still will show.
    for (const group of this.#wanting) if (group.waiting.size === 0 && group.preparing === 0) group.isWanting = false;
  }

  *lines(): Iterable<WaitingLine<UpstreamConnection>> {
    for (const group of this.#groups) yield group.waiting;
  }

  get #mayGrant(): boolean {
    return this.#owner.outstanding + this.#given.grantedCount < this.#options.maxPending;
  }

  #mayGrow(group: SharedGroup): boolean {
    const most = this.#options.sharedConnections * (this.#isOneByOne ? ONE_BY_ONE_CONNECTIONS : 1);
    return !group.isWanting && group.usableCount + group.preparing < most;
  }

  get #isOneByOne(): boolean {
    return this.#options.bearsPipelining?.() === false;
  }

  /** Now and then, as long as somebody waits: what is under way may take long, and tell nobody that time has passed. */
  #serveImpatient(): void {
    this.#impatience ??= setTimeout(() => {
      this.#impatience = undefined;
      this.#owner.serve();
      for (const { waiting } of this.#wanting) if (waiting.size > 0) this.#serveImpatient();
    }, PATIENCE_MS).unref();
  }

  #grantWaiting(group: SharedGroup): void {
    const longAgoMs = performance.now() - PATIENCE_MS;
    while (group.waiting.size > 0 && this.#mayGrant) {
      const isAlone = this.#isOneByOne && group.waiting.nextSinceMs! > longAgoMs;
      const connection = group.leastBusy(isAlone ? 1 : MAX_OUTSTANDING);
      if (connection === undefined) return;
      this.#given.grant(connection);
      group.waiting.take()?.grant(connection);
    }
  }

  /** Gives an idle connection the identity of the group, and the group the connection. */
  #prepare(connection: UpstreamConnection, group: SharedGroup): void {
    if (isSame(connection.identity, group.identity)) {
      this.#join(connection, group);
      return;
    }
    this.#roster.assign(connection, { kind: "preparing", group });
    connection.identity = { kind: "unknown" };
    group.preparing++;
    connection.request(group.bind).then(
      ({ result }) => {
        const isBound = result.resultCode === ResultCode.success;
        if (isBound) connection.identity = group.identity;
        else this.#bindRefused(connection, group, result);
        group.preparing--;
        connection.released();
        if (isBound && connection.isOpen) this.#join(connection, group);
        this.#owner.serve();
      },
      () => {
        group.preparing--;
        this.#owner.serve();
      },
    );
  }

  #join(connection: UpstreamConnection, group: SharedGroup): void {
    this.#roster.assign(connection, { kind: "shared", group });
    group.isWanting = false;
    group.backoff.succeeded();
    this.#grantWaiting(group);
  }

  #bindRefused(connection: UpstreamConnection, group: SharedGroup, result: LdapResult): void {
    // A connection that was bound before could not be made anonymous. A new one is.
    if (group.identity.kind !== "anonymous") {
      const { resultCode, diagnosticMessage } = result;
      const who = group.identity.kind === "service" ? "the proxy's account" : "a client";
      const message = `${this.#options.name} refused to bind ${who}: ${resultCodeName(resultCode)}`;
      group.refused = new UpstreamBindRefused(message, resultCode, diagnosticMessage);
      group.backoff.failed(performance.now());
      group.isWanting = false;
      if (group.usableCount === 0) group.waiting.refuse(group.refused);
    }
    connection.retire();
  }
}

function isBackingOff(group: SharedGroup): boolean {
  return group.refused !== undefined && group.backoff.remainingMs(performance.now()) > 0;
}

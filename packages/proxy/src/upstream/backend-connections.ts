/** The connections to one backend: those that many share, those that one holder has alone, and the one of the health checks. */
import type { Control, RequestOp } from "@espalier/ldap";
import { CheckConnection } from "./check-connection.ts";
import type { ConnectionIdentity } from "./connection-identity.ts";
import { ConnectionOpener } from "./connection-opener.ts";
import { ConnectionRoster, type Member, type Role } from "./connection-roster.ts";
import { Connector, type ConnectorOptions, type Established } from "./connector.ts";
import { JudgeTimer } from "./judge-timer.ts";
import { Latency } from "./latency.ts";
import type { HeaderEndpoint } from "./proxy-header.ts";
import type { UpstreamLost } from "./response-receiver.ts";
import { SharedConnections, type SharedConnectionsOptions, type SharedConnectionsOwner } from "./shared-connections.ts";
import type { SharedIdentity } from "./shared-groups.ts";
import { judgeIntervalMs, probeTimeoutMs } from "./silence-watch.ts";
import { SilentBinds } from "./silent-binds.ts";
import {
  rootDseProbe,
  type UpstreamAnswer,
  UpstreamConnection,
  type UpstreamConnectionOptions,
  type UpstreamConnectionOwner,
} from "./upstream-connection.ts";
import { UpstreamBusy, UpstreamUnavailable } from "./upstream-error.ts";
import { type Taken, type WaitingCount, WaitingLine } from "./waiting-line.ts";

export type { BindCredentials, SharedIdentity } from "./shared-groups.ts";

/** The client that a connection is opened for, in the PROXY header. */
export type ProxySource = HeaderEndpoint;

export interface BackendConnectionsOptions extends ConnectorOptions, SharedConnectionsOptions {
  /** As the health check's: what is silent for so long while it owes an answer hangs. */
  readonly checkTimeoutMs: number;
  /** All kinds together; the one of the health checks comes on top. */
  readonly maxConnections: number;
  /** At most so many binds of `bindConnection` at a time. */
  readonly bindConnections: number;
  /** A connection is replaced at this age, less up to a tenth by chance. */
  readonly maxAgeMs: number;
  /** A connection on which nothing happens is probed so often. */
  readonly keepAliveMs: number;
  readonly maxMessageBytes: number;
  /** Passive health: a connect that failed, or a connection that ended otherwise than by this side while it owed an answer. */
  readonly onFailure?: ((lost: UpstreamLost) => void) | undefined;
  /** The first answer, and the first one after a failure. */
  readonly onSuccess?: (() => void) | undefined;
  /** 0 ≤ x < 1. */
  readonly random?: (() => number) | undefined;
}

/** Who comes after so many that wait is `busy` at once. */
const MAX_WAITING = 10_000;
/** How much of its age a connection is spared at most, by chance. */
const AGE_SPREAD = 0.1;

/** Deadlines are times of `performance.now()`. */
export class BackendConnections implements UpstreamConnectionOwner, SharedConnectionsOwner {
  readonly name: string;
  readonly latency = new Latency();
  outstanding = 0;
  readonly #options: BackendConnectionsOptions;
  readonly #connectionOptions: UpstreamConnectionOptions;
  readonly #random: () => number;
  readonly #connector: Connector;
  readonly #opener: ConnectionOpener;
  readonly #checks: CheckConnection;
  readonly #silentBinds: SilentBinds;
  readonly #timer: JudgeTimer;
  readonly #roster = new ConnectionRoster();
  readonly #shared: SharedConnections;
  readonly #leases: WaitingLine<UpstreamConnection, { wanted: ConnectionIdentity; source: ProxySource | undefined }>;
  readonly #binds: WaitingLine<UpstreamConnection>;
  readonly #count: WaitingCount = { waiting: 0 };
  #hasAnswered = false;
  #retryTimer: NodeJS.Timeout | undefined;
  #closing: PromiseWithResolvers<void> | undefined;

  /** @throws {Error} for a URL, certificate or key that cannot be used. */
  constructor(options: BackendConnectionsOptions) {
    const { name, maxMessageBytes, checkTimeoutMs: timeoutMs, keepAliveMs, random = Math.random } = options;
    this.name = name;
    this.#options = options;
    this.#random = random;
    this.#connectionOptions = { backend: name, maxMessageBytes, silence: { timeoutMs, keepAliveMs } };
    this.#connector = new Connector(options);
    this.#opener = new ConnectionOpener(name, this.#connector, random);
    this.#checks = new CheckConnection(this.#connector, this.latency, this.#connectionOptions, () => {
      this.#opener.succeeded();
      this.serve();
    });
    this.#silentBinds = new SilentBinds(() => this.check(rootDseProbe, probeTimeoutMs(timeoutMs)));
    this.#timer = new JudgeTimer(judgeIntervalMs(timeoutMs), (nowMs, lateMs) => this.#judge(nowMs, lateMs));
    this.#leases = this.newLine();
    this.#binds = this.newLine();
    this.#shared = new SharedConnections(options, this, this.#roster, random);
  }

  /**
   * A connection that many share, the one with the fewest requests outstanding. To be used in this turn of the event loop: after
   * it, it may be somebody else's.
   *
   * Rejects with {@link UpstreamUnavailable}, {@link UpstreamBusy}, `UpstreamBindRefused`.
   */
  shared(
    identity: SharedIdentity,
    client: unknown,
    deadlineMs: number,
  ): UpstreamConnection | Promise<UpstreamConnection> {
    const free = this.#shared.free(identity);
    return free ?? this.#wait(() => this.#shared.wait(identity, client, deadlineMs));
  }

  /**
   * A connection for the caller alone until `giveBack`, its identity as it happens to be: `wanted` if an idle one has that.
   * `source` goes into the PROXY header, where one is sent; nobody else gets the connection then.
   *
   * Rejects with {@link UpstreamUnavailable}, {@link UpstreamBusy}.
   */
  lease(
    wanted: ConnectionIdentity,
    client: unknown,
    deadlineMs: number,
    source?: ProxySource,
  ): UpstreamConnection | Promise<UpstreamConnection> {
    const wish = { wanted, source: this.#options.sendsProxyHeader ? source : undefined };
    if (this.#leases.size === 0 && wish.source === undefined) {
      const connection = this.#roster.idle(wanted);
      if (connection !== undefined) return this.#assigned(connection, { kind: "lease", isOneClients: false });
    }
    return this.#wait(() => this.#leases.wait(client, deadlineMs, wish));
  }

  /** A connection for one bind by the caller, until `giveBack`. Rejects as `lease`. */
  bindConnection(client: unknown, deadlineMs: number): UpstreamConnection | Promise<UpstreamConnection> {
    if (this.#binds.size === 0 && this.#freeBinds > 0) {
      const connection = this.#roster.idle(anyIdentity);
      if (connection !== undefined) return this.#assigned(connection, { kind: "bind" });
    }
    return this.#wait(() => this.#binds.wait(client, deadlineMs, undefined));
  }

  /**
   * The end of a lease or bind connection. Its `identity` must be true, and what else is left on it harmless to its next holder:
   * `retire()` it before otherwise. With requests outstanding it is used again once they are answered; a bind that is
   * outstanding ends it.
   */
  giveBack(connection: UpstreamConnection): void {
    const role = this.#roster.get(connection)?.role;
    if (role?.kind !== "lease" && role?.kind !== "bind") return;
    this.#roster.assign(connection, { kind: "finishing" });
    connection.released();
    if (connection.isBinding) {
      connection.destroy(this.#retired("it was given back while a bind was under way on it"));
    } else if (role.kind === "lease" && role.isOneClients) {
      connection.retire();
    } else this.#finish(connection);
    this.serve();
  }

  /** This client has gone: what it waits for is refused. */
  cancel(client: unknown): void {
    const error = new UpstreamUnavailable(this.#retired("its client has gone"));
    for (const line of this.#lines()) line.refuse(error, client);
  }

  /**
   * A request over the connection that is for checks alone, opened when there is none. Checks run one after the other, each with
   * `timeoutMs` from its beginning, connecting included.
   *
   * @throws {UpstreamUnavailable} `ERR_UPSTREAM_HUNG` for no answer in time.
   */
  check(request: RequestOp, timeoutMs: number, controls: readonly Control[] = []): Promise<UpstreamAnswer> {
    return this.#checks.check(request, timeoutMs, controls);
  }

  /** Requests outstanding, and callers that wait for a connection. */
  get pending(): number {
    return this.outstanding + this.#count.waiting;
  }

  /** Callers that wait for a connection. */
  get waiting(): number {
    return this.#count.waiting;
  }

  /** Connections that are open; that of the checks is not counted. */
  get open(): number {
    return this.#roster.size;
  }

  /** Of the beginning of answers, lately; `undefined` before the first. */
  get latencyMs(): number | undefined {
    return this.latency.meanMs;
  }

  connections(): Iterable<UpstreamConnection> {
    return this.#roster.keys();
  }

  /** Retires every connection: those that somebody holds end when they are given back. Whoever asks gets new ones. */
  drain(): void {
    for (const [connection] of this.#roster.list()) connection.retire();
  }

  /** Destroys every connection. */
  kick(lost: UpstreamLost): void {
    this.#checks.destroy(lost);
    for (const [connection] of this.#roster.list()) connection.destroy(lost);
  }

  /** The backend cannot be reached: what is under way there will not be answered, and who waits had better go elsewhere. */
  lostContact(lost: UpstreamLost): void {
    this.#refuseAll(new UpstreamUnavailable(lost));
    this.kick(lost);
  }

  /** For good: refuses who waits, drains, and resolves when every connection has ended; after `graceMs` by force. */
  async close(graceMs = 0): Promise<void> {
    const { lost } = this.#noLonger();
    this.#closing ??= Promise.withResolvers();
    clearTimeout(this.#retryTimer);
    this.#refuseAll(new UpstreamUnavailable(lost));
    this.#checks.close(lost);
    this.drain();
    if (this.#roster.size === 0) this.#closing.resolve();
    const timer = setTimeout(() => this.kick(lost), graceMs);
    await this.#closing.promise;
    clearTimeout(timer);
  }

  // What its parts tell the pool.

  requestEnded(connection: UpstreamConnection, isAnswered: boolean): void {
    if (isAnswered && !this.#hasAnswered) {
      this.#hasAnswered = true;
      this.#options.onSuccess?.();
    }
    if (this.#roster.count("finishing") > 0) this.#finish(connection);
    if (this.#count.waiting > 0) this.serve();
  }

  bindSilent(connection: UpstreamConnection): void {
    void this.#silentBinds.add(connection);
  }

  closed(connection: UpstreamConnection, lost: UpstreamLost): void {
    this.#roster.delete(connection);
    if (this.#roster.size === 0) {
      this.#timer.stop();
      this.#closing?.resolve();
    }
    const isQuiet = lost.code === "ERR_UPSTREAM_CLOSED" && connection.outstandingCount === 0;
    if (lost.code !== "ERR_UPSTREAM_RETIRED" && !isQuiet) this.#failed(lost);
    this.serve();
  }

  newLine<Wish>(): WaitingLine<UpstreamConnection, Wish> {
    return new WaitingLine(this.#count, () => {
      if (this.#roster.size === 0) return new UpstreamUnavailable(this.#opener.lastLost);
      return new UpstreamBusy(`No connection to ${this.name} was free in time`);
    });
  }

  /** Gives what is free to those who wait, and opens what is missing. */
  serve(): void {
    if (this.#count.waiting === 0 && !this.#shared.isWanting) return;
    this.#shared.serve();
    while (this.#binds.size > 0 && this.#freeBinds > 0) {
      const connection = this.#roster.idle(anyIdentity);
      if (connection === undefined) break;
      this.#binds.take()?.grant(this.#assigned(connection, { kind: "bind" }));
    }
    while (this.#leases.size > 0) {
      const { wanted, source } = this.#leases.nextWish!;
      if (source !== undefined) {
        if (this.#room <= 0) this.#roster.idle(anyIdentity)?.retire();
        if (this.#room <= 0 || !this.#opener.mayOpen) break;
        this.#openFor(this.#leases.take()!, source);
        continue;
      }
      const connection = this.#roster.idle(wanted);
      if (connection === undefined) break;
      this.#leases.take()?.grant(this.#assigned(connection, { kind: "lease", isOneClients: false }));
    }
    this.#openMissing();
  }

  #openMissing(): void {
    const shared = this.#shared.missing();
    const needed = shared.needed + this.#leases.size + Math.min(this.#binds.size, this.#freeBinds);
    const useful = Math.max(needed, shared.useful);
    let missing = useful - this.#opener.opening;
    while (missing > 0 && this.#room > 0 && this.#opener.mayOpen) {
      this.#open();
      missing--;
    }
    if (needed === 0) return;
    if (this.#room <= 0) {
      if (this.#shared.reclaim(needed - this.#opener.opening)) this.serve();
    } else if (this.#opener.opening === 0) {
      // Only a back-off can have kept it from opening one.
      if (this.#roster.size === 0) this.#refuseAll(new UpstreamUnavailable(this.#opener.lastLost));
      else this.#retryLater();
    }
  }

  /** How many more connections there may be. Those that retire make room for their successors. */
  get #room(): number {
    return this.#options.maxConnections - this.#roster.stayingCount - this.#opener.opening;
  }

  get #freeBinds(): number {
    return this.#options.bindConnections - this.#roster.count("bind");
  }

  #open(): void {
    this.#opener.open().then(
      (established) => {
        this.#admit(established, { kind: "idle" });
        this.serve();
      },
      (error: UpstreamUnavailable) => this.#openFailed(error),
    );
  }

  /** Somebody's own connection, whose PROXY header names their client. */
  #openFor(waiter: Taken<UpstreamConnection>, source: ProxySource): void {
    this.#opener.open(source).then(
      (established) => {
        const connection = this.#admit(established, { kind: "lease", isOneClients: true });
        if (connection === undefined) waiter.refuse(this.#noLonger());
        else waiter.grant(connection);
        this.serve();
      },
      (error: UpstreamUnavailable) => {
        waiter.refuse(error);
        this.#openFailed(error);
      },
    );
  }

  #openFailed({ lost }: UpstreamUnavailable): void {
    this.#failed(lost);
    this.serve();
  }

  #admit({ socket, server }: Established, role: Role): UpstreamConnection | undefined {
    if (this.#closing !== undefined) {
      socket.destroy();
      return undefined;
    }
    const connection = new UpstreamConnection(socket, this, this.#connectionOptions);
    const ageMs = this.#options.maxAgeMs * (1 - this.#random() * AGE_SPREAD);
    this.#roster.add(connection, { role, server, retireAtMs: connection.openedAtMs + ageMs });
    this.#timer.start();
    return connection;
  }

  #assigned(connection: UpstreamConnection, role: Role): UpstreamConnection {
    this.#roster.assign(connection, role);
    return connection;
  }

  /** What was given back is idle once nothing is outstanding on it. */
  #finish(connection: UpstreamConnection): void {
    const member = this.#roster.get(connection);
    if (member?.role.kind !== "finishing" || connection.outstandingCount > 0) return;
    if (connection.isRetiring || performance.now() >= member.retireAtMs) connection.retire();
    else this.#roster.assign(connection, { kind: "idle" });
  }

  /** Looks at every connection and group now and then, see `judgeIntervalMs`. */
  #judge(nowMs: number, lateMs: number): void {
    for (const [connection, member] of this.#roster.list()) {
      if (lateMs > 0) connection.forgiveSilence(lateMs);
      connection.judge(nowMs);
      if (connection.isOpen && nowMs >= member.retireAtMs) this.#replace(connection, member);
    }
    this.#shared.tidy(nowMs, this.#options.keepAliveMs);
    this.serve();
    void this.#retireMoved();
  }

  /** Ends connections to addresses that the backend's name no longer has. */
  async #retireMoved(): Promise<void> {
    await this.#connector.refresh();
    for (const [connection, { server }] of this.#roster.list()) if (!this.#connector.has(server)) connection.retire();
  }

  /** Of its age. One that is shared by all serves until there is another; one that somebody has ends when it is given back. */
  #replace(connection: UpstreamConnection, { role }: Member): void {
    if (role.kind === "idle") connection.retire();
    if (role.kind !== "shared" || connection.isRetiring) return;
    const { group } = role;
    const hasOther = group.connections.some(
      (other) => !other.isRetiring && this.#roster.get(other)!.retireAtMs > performance.now(),
    );
    if (hasOther || group.identity.kind === "user" || this.#room <= 0) connection.retire();
    else this.#shared.want(group);
  }

  #wait(enter: () => Promise<UpstreamConnection>): Promise<UpstreamConnection> {
    if (this.#closing !== undefined) return Promise.reject(this.#noLonger());
    if (this.#count.waiting >= MAX_WAITING) {
      return Promise.reject(new UpstreamBusy(`${MAX_WAITING} requests wait for ${this.name} already`));
    }
    const granted = enter();
    this.serve();
    return granted;
  }

  #retryLater(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.serve(), this.#opener.backoffMs + 1).unref();
  }

  #refuseAll(error: Error): void {
    for (const line of this.#lines()) line.refuse(error);
  }

  #failed(lost: UpstreamLost): void {
    this.#hasAnswered = false;
    this.#options.onFailure?.(lost);
  }

  *#lines(): Iterable<Pick<WaitingLine<UpstreamConnection>, "refuse">> {
    yield* this.#shared.lines();
    yield this.#binds;
    yield this.#leases;
  }

  #noLonger(): UpstreamUnavailable {
    return new UpstreamUnavailable(this.#retired("the proxy no longer uses this backend"));
  }

  #retired(why: string): UpstreamLost {
    return { code: "ERR_UPSTREAM_RETIRED", message: `No connection to ${this.name}: ${why}` };
  }
}

const anyIdentity: ConnectionIdentity = { kind: "unknown" };

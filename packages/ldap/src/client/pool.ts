/** A bounded set of connections to one server, lent out one at a time. */

import { ResultCode } from "../result-code.ts";
import { type Authorization, LdapClient } from "./client.ts";
import type { ConnectOptions } from "./connect-options.ts";
import { LdapClientError } from "./error.ts";
import { OperationError } from "./result.ts";
import { startTimer } from "./timer.ts";

export interface LdapPoolOptions {
  readonly connect: ConnectOptions;
  /** Binds each new connection: `(client) => client.bind(name, password)`. Without it they are anonymous. */
  readonly bind?: (client: LdapClient) => Promise<unknown>;
  /** Connections at once, lent, idle and being opened together; 10 when not given. */
  readonly maxConnections?: number;
  /** An older connection is not lent again, so that DNS, certificates and group membership are seen anew; 1 h when not given. */
  readonly maxAgeMs?: number;
  /** How long `acquire` waits for a connection to be free, or new; 10 s when not given, 0 waits for ever. */
  readonly acquireTimeoutMs?: number;
  /** Throws when an idle connection is not to be lent; another is then taken. Reads the root DSE when not given. */
  readonly ensureValidForCheckout?: (client: LdapClient) => Promise<unknown>;
}

interface PooledConnection {
  readonly client: LdapClient;
  /** As the pool's own bind left it. */
  readonly authorization: Authorization;
  readonly openedAtMs: number;
}

interface Waiter {
  readonly resolve: (client: LdapClient) => void;
  readonly reject: (error: unknown) => void;
}

const defaults = { maxConnections: 10, maxAgeMs: 3_600_000, acquireTimeoutMs: 10_000 };
const ROOT_DSE_TIMEOUT_MS = 5_000;

/**
 * A connection goes to one borrower at a time. It is lent again only while its identity is the one that the pool gave it: a
 * connection on which the borrower has bound, or left an operation outstanding, is closed when it comes back.
 */
export class LdapPool implements AsyncDisposable {
  readonly #options: LdapPoolOptions & typeof defaults;
  /** The last is the one used last. */
  #idle: PooledConnection[] = [];
  readonly #lent = new Map<LdapClient, PooledConnection>();
  /** Connections being opened or checked, each for the next waiter. */
  #preparing = 0;
  /** Connections that were unbound and are not closed yet: they count, for the server counts them. */
  #discarding = 0;
  #waiters: Waiter[] = [];
  #closing: PromiseWithResolvers<void> | undefined;
  #isDestroyed = false;

  constructor(options: LdapPoolOptions) {
    this.#options = { ...defaults, ...options };
    if (!(this.#options.maxConnections >= 1)) throw new RangeError("maxConnections must be at least 1.");
  }

  get counts(): { readonly lent: number; readonly idle: number; readonly preparing: number; readonly waiting: number } {
    return {
      lent: this.#lent.size,
      idle: this.#idle.length,
      preparing: this.#preparing,
      waiting: this.#waiters.length,
    };
  }

  /** Lends a connection for as long as `work` runs. */
  async use<Result>(
    work: (client: LdapClient) => Promise<Result>,
    options: { signal?: AbortSignal } = {},
  ): Promise<Result> {
    const client = await this.acquire(options);
    try {
      return await work(client);
    } finally {
      this.release(client);
    }
  }

  /**
   * Lends a connection until `release`. First come, first served.
   *
   * @throws {LdapClientError} `ERR_POOL_TIMEOUT`, `ERR_CLOSED`, or what `LdapClient.connect` throws; whatever `bind` throws; or
   *   `signal.reason`.
   */
  acquire({ signal }: { signal?: AbortSignal } = {}): Promise<LdapClient> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#closing !== undefined) throw poolClosed();
      const { acquireTimeoutMs } = this.#options;
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter = {
        resolve: (client) => {
          settle();
          resolve(client);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const giveUp = (error: unknown) => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        waiter.reject(error);
      };
      const onAbort = () => giveUp(signal?.reason);
      const timer = startTimer(acquireTimeoutMs, () => giveUp(this.#timedOut()));
      signal?.addEventListener("abort", onAbort);
      this.#waiters.push(waiter);
      this.#serve();
    });
  }

  release(client: LdapClient): void {
    const connection = this.#lent.get(client);
    if (connection === undefined) {
      throw new TypeError("This connection is not lent by the pool, or was released already.");
    }
    this.#lent.delete(client);
    if (client.outstandingCount === 0 && this.#isUsable(connection)) this.#hand(connection);
    else this.#discard(connection);
    this.#serve();
  }

  /** Closes gracefully: nothing more is lent, idle connections unbind, and so do lent ones as they come back. */
  async close(): Promise<void> {
    this.#closing ??= Promise.withResolvers();
    this.#rejectWaiters();
    for (const connection of this.#idle.splice(0)) this.#discard(connection);
    this.#settleClosing();
    await this.#closing.promise;
  }

  /** Closes abruptly: what is outstanding on lent connections rejects with `ERR_CLOSED`. */
  destroy(): void {
    this.#closing ??= Promise.withResolvers();
    this.#isDestroyed = true;
    this.#rejectWaiters();
    for (const { client } of this.#idle.splice(0)) client.destroy();
    for (const client of this.#lent.keys()) client.destroy();
    this.#settleClosing();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Begins to prepare a connection for each waiter that has none under way, as far as there is room. */
  #serve(): void {
    const { maxConnections } = this.#options;
    while (this.#preparing < this.#waiters.length) {
      const idle = this.#idle.pop();
      if (idle === undefined && this.#lent.size + this.#preparing + this.#discarding >= maxConnections) return;
      this.#preparing += 1;
      void this.#prepare(idle);
    }
  }

  async #prepare(idle: PooledConnection | undefined): Promise<void> {
    let connection: PooledConnection | undefined;
    let failure: unknown;
    try {
      connection = (await this.#checked(idle)) ?? (await this.#open());
    } catch (error) {
      failure = error;
    }
    this.#preparing -= 1;
    if (connection !== undefined) this.#hand(connection);
    else this.#waiters.shift()?.reject(failure);
    this.#serve();
    this.#settleClosing();
  }

  /** `idle`, or another that is idle by now, after it has proved valid. */
  async #checked(idle: PooledConnection | undefined): Promise<PooledConnection | undefined> {
    const { ensureValidForCheckout = readRootDse } = this.#options;
    for (let connection = idle; connection !== undefined; connection = this.#idle.pop()) {
      if (this.#isUsable(connection)) {
        try {
          await ensureValidForCheckout(connection.client);
          if (this.#isUsable(connection)) return connection;
        } catch {
          // Why it is not valid does not matter: another takes its place, and a server that is down fails there.
        }
      }
      connection.client.destroy();
    }
    return undefined;
  }

  async #open(): Promise<PooledConnection> {
    const { connect, bind } = this.#options;
    const client = await LdapClient.connect(connect);
    try {
      await bind?.(client);
    } catch (error) {
      client.destroy();
      throw error;
    }
    const { authorization } = client;
    if (authorization.state === "unknown") {
      client.destroy();
      throw new TypeError(
        "The pool's bind must end with a connection whose identity is known; finish the SASL bind there.",
      );
    }
    const connection = { client, authorization, openedAtMs: performance.now() };
    client.once("close", () => {
      this.#idle = this.#idle.filter((other) => other !== connection);
    });
    return connection;
  }

  #isUsable({ client, authorization, openedAtMs }: PooledConnection): boolean {
    return (
      this.#closing === undefined &&
      client.closeReason === undefined &&
      client.authorization === authorization &&
      performance.now() - openedAtMs < this.#options.maxAgeMs
    );
  }

  /** Lends a usable connection to whoever waits longest, or keeps it. */
  #hand(connection: PooledConnection): void {
    if (this.#closing !== undefined) {
      this.#discard(connection);
      return;
    }
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      this.#idle.push(connection);
      return;
    }
    this.#lent.set(connection.client, connection);
    waiter.resolve(connection.client);
  }

  #discard({ client }: PooledConnection): void {
    if (this.#isDestroyed) client.destroy();
    this.#discarding += 1;
    void client.unbind().then(() => {
      this.#discarding -= 1;
      this.#serve();
      this.#settleClosing();
    });
  }

  #rejectWaiters(): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(poolClosed());
  }

  #settleClosing(): void {
    if (this.#lent.size === 0 && this.#preparing === 0 && this.#discarding === 0) this.#closing?.resolve();
  }

  #timedOut(): LdapClientError {
    const { acquireTimeoutMs, maxConnections } = this.#options;
    const { lent, preparing } = this.counts;
    return new LdapClientError(
      "ERR_POOL_TIMEOUT",
      `No connection was free within ${acquireTimeoutMs} ms: ${lent} of ${maxConnections} are lent and ${preparing} are being opened. ` +
        "Raise maxConnections, or release connections sooner.",
    );
  }
}

function poolClosed(): LdapClientError {
  return new LdapClientError("ERR_CLOSED", "The pool is closed.");
}

/** Any answer shows that the connection lives, except those that say that the server is not at work. */
async function readRootDse(client: LdapClient): Promise<void> {
  try {
    const rootDse = { baseObject: "", scope: "baseObject", attributes: ["1.1"] } as const;
    await client.searchAll(rootDse, { timeoutMs: ROOT_DSE_TIMEOUT_MS });
  } catch (error) {
    const isAlive =
      error instanceof OperationError &&
      error.resultCode !== ResultCode.busy &&
      error.resultCode !== ResultCode.unavailable;
    if (!isAlive) throw error;
  }
}

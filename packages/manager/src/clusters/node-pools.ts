/** The connections to one node: a pool for each person, closed when they sign out or have not used it for a while. */
import { type LdapClient, LdapClientError, LdapPool } from "@espalier/ldap/client";
import type { ClusterConfig } from "@espalier/service";
import type { Identity } from "./identity.ts";
import type { NodeEndpoint } from "./node-endpoint.ts";

/** What a connection is lent for: work of a moment, or to be kept (a paged search that somebody reads on). */
export type Purpose = "read" | "write" | "pin";

export interface LentConnection {
  readonly client: LdapClient;
  /** To be called once. */
  release(): void;
}

interface PersonalPool {
  readonly identityKey: string;
  readonly pool: LdapPool;
  usedAtMs: number;
}

/** Kept connections are of a pool of their own, this many times as large: whoever reads on must not stop their own work. */
const pinFactor = 4;
/** One that was given back this recently, and after the last loss, is lent without asking the server whether it is still there. */
const freshForMs = 1_000;

export class NodePools {
  readonly #endpoint: NodeEndpoint;
  readonly #settings: ClusterConfig["pool"];
  readonly #pools = new Map<string, PersonalPool>();
  /** Every connection there is, those included that are being opened. */
  readonly #clients = new Set<LdapClient>();
  readonly #writing = new Set<LdapClient>();
  readonly #usedAtMs = new WeakMap<LdapClient, number>();
  readonly #closing = new Set<Promise<void>>();
  /** When a connection ended: where one goes, the others may have gone as well, and not be seen to have yet. */
  #endedAtMs = Number.NEGATIVE_INFINITY;

  constructor(endpoint: NodeEndpoint, settings: ClusterConfig["pool"]) {
    this.#endpoint = endpoint;
    this.#settings = settings;
  }

  get counts(): { readonly lent: number; readonly idle: number; readonly opening: number } {
    const all = [...this.#pools.values()].map(({ pool }) => pool.counts);
    const sum = (count: (counts: LdapPool["counts"]) => number) => all.reduce((total, each) => total + count(each), 0);
    return { lent: sum(({ lent }) => lent), idle: sum(({ idle }) => idle), opening: sum(({ preparing }) => preparing) };
  }

  /** @throws LdapClientError, or what `identity.bind` throws: an LdapError is the server's answer to the bind */
  async lend(identity: Identity, purpose: Purpose, signal: AbortSignal | undefined): Promise<LentConnection> {
    const personal = this.#pool(identity, purpose === "pin");
    personal.usedAtMs = performance.now();
    let client: LdapClient;
    try {
      client = await personal.pool.acquire(signal === undefined ? {} : { signal });
    } catch (error) {
      throw isPoolTimeout(error) ? this.#allInUse(purpose) : this.#endpoint.explain(error);
    }
    if (purpose === "write") this.#writing.add(client);
    return {
      client,
      release: () => {
        this.#writing.delete(client);
        personal.usedAtMs = performance.now();
        this.#usedAtMs.set(client, personal.usedAtMs);
        personal.pool.release(client);
      },
    };
  }

  /** Closes the person's connections, lent ones as they come back. */
  forget(identityKey: string): void {
    for (const [key, personal] of this.#pools) if (personal.identityKey === identityKey) this.#close(key, personal);
  }

  /** Closes the pools that nobody has used for a while. */
  sweep(): void {
    for (const [key, personal] of this.#pools) {
      const { lent, preparing, waiting } = personal.pool.counts;
      const isIdle = lent + preparing + waiting === 0;
      if (isIdle && performance.now() - personal.usedAtMs >= this.#settings.idle) this.#close(key, personal);
    }
  }

  /** Ends what is read now, since no answer will come. What is written goes on: an answer may still come, and nobody else has it. */
  abandonReads(): void {
    for (const client of this.#clients) if (!this.#writing.has(client)) client.destroy();
  }

  /** Closes gracefully. */
  async close(): Promise<void> {
    for (const [key, personal] of this.#pools) this.#close(key, personal);
    await Promise.all(this.#closing);
  }

  /** Ends every connection now. */
  destroy(): void {
    for (const client of this.#clients) client.destroy();
  }

  #close(key: string, { pool }: PersonalPool): void {
    this.#pools.delete(key);
    const closed = pool.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }

  #allInUse(purpose: Purpose): LdapClientError {
    const text = `All ${this.#size(purpose === "pin")} connections that you may have to it are in use: wait until your other work has ended, or raise \`pool.size\`.`;
    return new LdapClientError("ERR_POOL_TIMEOUT", text);
  }

  #size(isPin: boolean): number {
    return this.#settings.size * (isPin ? pinFactor : 1);
  }

  #pool(identity: Identity, isPin: boolean): PersonalPool {
    const key = `${isPin ? "pin" : "work"} ${identity.key}`;
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const pool = new LdapPool({
      connect: this.#endpoint.connectOptions,
      bind: async (client) => {
        this.#clients.add(client);
        client.once("close", () => {
          this.#clients.delete(client);
          this.#endedAtMs = performance.now();
        });
        await this.#endpoint.prepare(client);
        await identity.bind(client);
      },
      maxConnections: this.#size(isPin),
      ensureValidForCheckout: async (client) => {
        const usedAtMs = this.#usedAtMs.get(client) ?? Number.NEGATIVE_INFINITY;
        const isFresh = usedAtMs > this.#endedAtMs && performance.now() - usedAtMs < freshForMs;
        if (!isFresh) await this.#endpoint.ping(client);
      },
    });
    const personal = { identityKey: identity.key, pool, usedAtMs: performance.now() };
    this.#pools.set(key, personal);
    return personal;
  }
}

function isPoolTimeout(error: unknown): boolean {
  return error instanceof LdapClientError && error.code === "ERR_POOL_TIMEOUT";
}

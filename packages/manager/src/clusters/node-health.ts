/** Looks after one node: reads its root DSE on a connection of its own, at intervals and whenever work has failed there. */
import type { LdapClient } from "@espalier/ldap/client";
import { CircuitBreaker } from "./circuit-breaker.ts";
import type { NodeEndpoint } from "./node-endpoint.ts";
import { failureReason } from "./node-failure.ts";

export interface NodeHealthOptions {
  readonly endpoint: NodeEndpoint;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** It is down now, or up after it was down. That it is up from the beginning is no change. */
  readonly onChange: (state: "up" | "down", reason: string | undefined) => void;
}

const intervalMs = 5_000;
/** Intervals vary by this part of them, either way, so that many managers do not check in step. */
const jitter = 0.1;
/** A connection is made anew this often, so that a certificate that has expired is seen. */
const maxConnectionAgeMs = 60_000;
/** Whoever asks again within this time gets the answer that there is. */
const freshForMs = 1_000;
/** Checks because work failed are at least this far apart. */
const leastGapMs = 100;

export class NodeHealth {
  readonly #options: NodeHealthOptions;
  readonly #breaker = new CircuitBreaker();
  #client: { readonly client: LdapClient; readonly openedAtMs: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;
  #hasSucceeded = false;
  #reason: string | undefined;
  #endedAtMs = Number.NEGATIVE_INFINITY;
  #checkedAt: number | undefined;
  #responseMs: number | undefined;

  constructor(options: NodeHealthOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#check();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#client?.client.destroy();
  }

  get state(): "up" | "down" | "unknown" {
    if (this.#breaker.isOpen) return "down";
    return this.#hasSucceeded ? "up" : "unknown";
  }

  /** Why the last check failed, while it is not known to be up again. */
  get reason(): string | undefined {
    return this.#reason;
  }

  get checkedAt(): number | undefined {
    return this.#checkedAt;
  }

  get responseMs(): number | undefined {
    return this.#responseMs;
  }

  /** Whether the node may be used, after a look at it unless there was one just now. */
  async checkNow(): Promise<boolean> {
    if (this.#running !== undefined || performance.now() - this.#endedAtMs >= freshForMs) await this.#check();
    return !this.#breaker.isOpen;
  }

  /** Work could not have a connection, or lost one: looks at once. */
  suspect(): void {
    this.#breaker.suspect();
    if (this.#running === undefined) this.#checkIn(this.#endedAtMs + leastGapMs - performance.now());
  }

  #checkIn(delayMs: number): void {
    clearTimeout(this.#timer);
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#check(), Math.max(0, delayMs));
  }

  #check(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    clearTimeout(this.#timer);
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      this.#endedAtMs = performance.now();
      this.#checkIn(this.#breaker.nextCheckMs ?? intervalMs * (1 - jitter + 2 * jitter * Math.random()));
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    const { endpoint, now } = this.#options;
    try {
      const client = await this.#connection();
      const startedAtMs = performance.now();
      await endpoint.ping(client);
      this.#responseMs = performance.now() - startedAtMs;
      this.#succeeded();
    } catch (error) {
      this.#client?.client.destroy();
      this.#client = undefined;
      this.#failed(failureReason(error));
    }
    this.#checkedAt = now();
  }

  async #connection(): Promise<LdapClient> {
    const kept = this.#client;
    if (kept !== undefined && performance.now() - kept.openedAtMs < maxConnectionAgeMs) return kept.client;
    this.#client = undefined;
    void kept?.client.unbind();
    const client = await this.#options.endpoint.connect();
    if (this.#isStopped) client.destroy();
    this.#client = { client, openedAtMs: performance.now() };
    client.once("close", () => {
      if (this.#client?.client !== client || this.#isStopped) return;
      this.#client = undefined;
      this.suspect();
    });
    return client;
  }

  #succeeded(): void {
    const wasOpen = this.#breaker.isOpen;
    this.#breaker.succeeded();
    this.#hasSucceeded = true;
    this.#reason = undefined;
    if (wasOpen) this.#options.onChange("up", undefined);
  }

  #failed(reason: string): void {
    if (this.#isStopped) return;
    const wasOpen = this.#breaker.isOpen;
    this.#breaker.failed();
    this.#reason = reason;
    this.#responseMs = undefined;
    if (!wasOpen && this.#breaker.isOpen) this.#options.onChange("down", reason);
  }
}

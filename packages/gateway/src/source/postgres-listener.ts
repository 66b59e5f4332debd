/** PostgreSQL's NOTIFY, heard on a connection of its own for as long as it takes. */
import pg from "pg";
import { withDeadline } from "./deadline.ts";
import { changeChannel } from "./trigger.ts";

/** Changes that come within this time of the first are one. */
const gatherMs = 50;
const minRetryMs = 500;
const maxRetryMs = 10_000;
const listenTimeoutMs = 5_000;

/**
 * Listens on `espalier_changed`. While the connection is away it tries again, after 0.5 s, 1 s and so on up to 10 s; once it is
 * back it reports one change, since those in between were missed.
 */
export class ChangeListener {
  readonly #config: pg.ClientConfig;
  readonly #onChange: () => void;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #retryMs = minRetryMs;
  #isStopped = false;

  constructor(config: pg.ClientConfig, onChange: () => void) {
    this.#config = config;
    this.#onChange = onChange;
  }

  /** Resolves after the first attempt, which may have failed: then the others go on behind. */
  start(): Promise<void> {
    return this.#connect(false);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#gathering);
    await this.#client?.end().catch(() => undefined);
  }

  async #connect(mayHaveMissed: boolean): Promise<void> {
    const client = new pg.Client(this.#config);
    this.#client = client;
    // An error is followed by the end, which is where the next attempt is made.
    client.on("error", () => undefined);
    client.on("notification", ({ channel }) => {
      if (channel === changeChannel) this.#gather();
    });
    try {
      await client.connect();
      await withDeadline(client.query(`LISTEN ${changeChannel}`), listenTimeoutMs, "LISTEN", () => undefined);
    } catch {
      client.end().catch(() => undefined);
      this.#retry();
      return;
    }
    client.once("end", () => this.#retry());
    this.#retryMs = minRetryMs;
    if (mayHaveMissed && !this.#isStopped) this.#onChange();
  }

  #retry(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#connect(true), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs);
  }

  #gather(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      if (!this.#isStopped) this.#onChange();
    }, gatherMs);
  }
}

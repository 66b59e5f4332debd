/** PostgreSQL's LISTEN on a connection of its own, made again for as long as it takes. */
import pg from "pg";

/** The one channel of the database; its payload is the store's channel that was woken. */
export const wakeChannel = "espalier";

const minRetryMs = 500;
const maxRetryMs = 10_000;

/** While the connection is away it is tried again after 0.5 s, 1 s and so on up to 10 s; once back, any may have been woken. */
export class PostgresListener {
  readonly #config: pg.ClientConfig;
  readonly #onWake: (channel: string | undefined) => void;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = minRetryMs;
  #isStopped = false;

  constructor(config: pg.ClientConfig, onWake: (channel: string | undefined) => void) {
    this.#config = config;
    this.#onWake = onWake;
  }

  /** Resolves after the first attempt, which may have failed: then the others go on behind. */
  start(): Promise<void> {
    return this.#connect(false);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#client?.end().catch(() => undefined);
  }

  async #connect(mayHaveMissed: boolean): Promise<void> {
    const client = new pg.Client(this.#config);
    this.#client = client;
    // An error is followed by the end, which is where the next attempt is made.
    client.on("error", () => undefined);
    client.on("notification", ({ channel, payload }) => {
      if (channel === wakeChannel) this.#onWake(payload);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${wakeChannel}`);
    } catch {
      client.end().catch(() => undefined);
      this.#retry();
      return;
    }
    client.once("end", () => this.#retry());
    this.#retryMs = minRetryMs;
    if (mayHaveMissed && !this.#isStopped) this.#onWake(undefined);
  }

  #retry(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#connect(true), this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs);
  }
}

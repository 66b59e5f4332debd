/** PostgreSQL's NOTIFY, heard on a connection of its own that is made again for as long as it takes. */
import pg from "pg";

const minRetryMs = 500;
const maxRetryMs = 10_000;

/**
 * Listens on one channel. While the connection is away it is tried again after 0.5 s, 1 s and so on up to 10 s; once it is
 * back it gives one notification without a payload, since those in between were missed.
 */
export class PostgresListener {
  readonly #config: pg.ClientConfig;
  readonly #channel: string;
  readonly #onNotification: (payload: string | undefined) => void;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = minRetryMs;
  #isStopped = false;

  /**
   * @param config with a `query_timeout`: LISTEN, too, may be sent to a server that has fallen silent
   * @param channel needs no quotes
   */
  constructor(config: pg.ClientConfig, channel: string, onNotification: (payload: string | undefined) => void) {
    this.#config = config;
    this.#channel = channel;
    this.#onNotification = onNotification;
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
      if (channel === this.#channel) this.#onNotification(payload);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${this.#channel}`);
    } catch {
      client.end().catch(() => undefined);
      this.#retry();
      return;
    }
    client.once("end", () => this.#retry());
    this.#retryMs = minRetryMs;
    if (mayHaveMissed && !this.#isStopped) this.#onNotification(undefined);
  }

  #retry(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#connect(true), this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs);
  }
}

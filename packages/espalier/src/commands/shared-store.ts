/** The store of a process, which all of its services report to; opened once, and waited for while it is away. */
import { setTimeout as delay } from "node:timers/promises";
import { managerStoreMigrations } from "@espalier/manager/store-migrations";
import { notifyStoreMigrations } from "@espalier/notify/store-migrations";
import {
  type EventSink,
  type EventStore,
  type Health,
  type Logger,
  logEventSink,
  type Metrics,
  type NewEvent,
  openEventStore,
  type StoreConfig,
  StoreError,
} from "@espalier/service";

export interface SharedStoreOptions {
  readonly config: StoreConfig;
  readonly logger: Logger;
  readonly health: Health;
  readonly metrics: Metrics;
}

/** Of every service: whichever opens the store first makes what the others need. */
const migrations = [...notifyStoreMigrations, ...managerStoreMigrations];
const retryMs = 2_000;
/** Events that wait for the store's first opening; more go to the log. */
const maxWaiting = 1_000;

export class SharedStore {
  readonly #options: SharedStoreOptions;
  readonly #closing = new AbortController();
  #opening: Promise<EventStore> | undefined;
  #opened: EventStore | undefined;
  #waiting: NewEvent[] = [];
  readonly #away = Promise.withResolvers<void>();

  constructor(options: SharedStoreOptions) {
    this.#options = options;
  }

  /** Takes events from the beginning on. */
  readonly events: EventSink = {
    emit: (event) => {
      if (this.#opened !== undefined) return this.#opened.log.emit(event);
      if (this.#waiting.length < maxWaiting) this.#waiting.push({ time: Date.now(), ...event });
      else logEventSink(this.#options.logger).emit(event);
    },
  };

  /** Begins to open it. Nobody but those who need it waits for one that is away. @throws StoreError as {@link open} */
  async start(signal: AbortSignal): Promise<void> {
    const opening = this.open(signal);
    opening.catch(() => undefined);
    await Promise.race([opening, this.#away.promise]);
  }

  /** Resolves once it is there. @throws StoreError when it cannot be used as it is, or the signal ends the waiting */
  async open(signal?: AbortSignal): Promise<EventStore> {
    this.#opening ??= this.#open();
    if (signal === undefined) return this.#opening;
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(new StoreError("ERR_STORE_CLOSED", "The store was not waited for any longer."));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([this.#opening, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Stores what was reported, as long as the signal lets it. */
  async close(signal: AbortSignal): Promise<void> {
    this.#closing.abort();
    const opened = await this.#opening?.catch(() => undefined);
    for (const event of this.#waiting.splice(0)) logEventSink(this.#options.logger).emit(event);
    await opened?.close(signal);
  }

  async #open(): Promise<EventStore> {
    const { config, logger, health, metrics } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const opened = await openEventStore({ config, migrations, logger, metrics, health });
        this.#opened = opened;
        for (const event of this.#waiting.splice(0)) opened.log.emit(event);
        return opened;
      } catch (error) {
        const isAway = error instanceof StoreError && error.code === "ERR_STORE_UNAVAILABLE";
        if (!isAway || this.#closing.signal.aborted) throw error;
        this.#away.resolve();
        if (attempt === 1) logger.error("the store is away; it is waited for", { error });
        await delay(retryMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
  }
}

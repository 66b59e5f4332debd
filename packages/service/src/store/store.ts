/**
 * The store: what outlives the processes. Events, and whatever other packages keep in tables of their own, in an SQLite
 * file for one machine or in a PostgreSQL database that several nodes share.
 */
import type { CheckResult } from "../health/health.ts";
import type { Logger } from "../log/logger.ts";
import { createMetrics, type Metrics } from "../metrics/metrics.ts";
import type { Driver, Row } from "./driver.ts";
import { isUnavailable, StoreError } from "./error.ts";
import { GroupCommit } from "./group-commit.ts";
import { storeMetrics } from "./metrics.ts";
import { type MigrationSet, migrate } from "./migrations.ts";
import { PostgresDriver } from "./postgres.ts";
import { SqliteDriver } from "./sqlite.ts";
import type { Database, Statement } from "./statement.ts";
import type { Transaction } from "./transaction.ts";
import { parseStoreUrl } from "./url.ts";
import { WakeUps } from "./wake-ups.ts";

export interface StoreOptions {
  /** See `url.ts`. */
  readonly url: string;
  /** Of every package that keeps something in it, each after those whose tables it refers to. */
  readonly migrations: readonly MigrationSet[];
  readonly logger: Logger;
  readonly metrics?: Metrics;
  /** Neither make the store nor change its tables: for a command that looks into what a service keeps. */
  readonly asItIs?: boolean;
}

export interface Store {
  readonly database: Database;
  /** What messages call it: without user and password. */
  readonly place: string;
  /** The rows of a query by itself. It sees what was committed before, and may run beside writes. */
  all<T extends object = Row>(statement: Statement): Promise<readonly T[]>;
  first<T extends object = Row>(statement: Statement): Promise<T | undefined>;
  /**
   * Runs `work` in a transaction and resolves to its result once that is committed to stable storage. Work of many callers
   * shares a transaction, one after the other; when one fails, each is run again by itself, and so it is after a deadlock.
   *
   * So `work` must have no effect but through its transaction, wait for nothing else, and return what it expected rather
   * than throw it: an error costs the others a transaction each.
   *
   * @throws StoreError, or what `work` threw. `ERR_STORE_UNAVAILABLE` may mean that it was committed nevertheless.
   */
  write<T>(work: (transaction: Transaction) => Promise<T> | T): Promise<T>;
  /** Calls back, soon, after a transaction on any node that woke the channel, and at times without one. */
  onWake(channel: string, listener: () => void): () => void;
  /** For `/health`: what its last use found. */
  check(): CheckResult;
  /** Finishes what was asked for. */
  close(): Promise<void>;
}

/** Opens it and brings its tables up to date. @throws StoreError */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { url, migrations, logger, metrics = createMetrics(), asItIs = false } = options;
  const target = parseStoreUrl(url);
  const driver: Driver =
    target.database === "sqlite"
      ? new SqliteDriver(target.path, { mustExist: asItIs })
      : new PostgresDriver(target.url, target.place);
  try {
    await migrate(driver, migrations, {
      mayChange: !asItIs,
      onApplied: (what) => logger.info(`applied ${what}`, { store: driver.place }),
    });
  } catch (error) {
    await driver.close();
    throw error;
  }
  return new OpenStore(driver, logger, metrics);
}

class OpenStore implements Store {
  readonly #driver: Driver;
  readonly #logger: Logger;
  readonly #instruments: ReturnType<typeof register>;
  readonly #writes: GroupCommit;
  readonly #wakeUps: WakeUps;
  #isAway = false;
  #closing: Promise<void> | undefined;

  constructor(driver: Driver, logger: Logger, metrics: Metrics) {
    this.#driver = driver;
    this.#logger = logger;
    this.#instruments = register(metrics, () => this.#writes.waiting);
    this.#wakeUps = new WakeUps(driver);
    const { commits, durations, failures } = this.#instruments;
    this.#writes = new GroupCommit(driver, {
      batch: () => commits.labels({}).inc(),
      settled: (durationMs, error) => {
        this.#saw(error);
        if (error === undefined) durations.labels({}).observe(durationMs / 1_000);
        else failures.labels({ code: error instanceof StoreError ? error.code : "refused by its writer" }).inc();
      },
      woken: (channels) => this.#wakeUps.wake(channels),
    });
  }

  get database(): Database {
    return this.#driver.database;
  }

  get place(): string {
    return this.#driver.place;
  }

  async all<T extends object>(statement: Statement): Promise<readonly T[]> {
    try {
      const rows = await this.#driver.read(statement);
      this.#saw(undefined);
      return rows as readonly T[];
    } catch (error) {
      this.#saw(error);
      throw error;
    }
  }

  async first<T extends object>(statement: Statement): Promise<T | undefined> {
    return (await this.all<T>(statement))[0];
  }

  write<T>(work: (transaction: Transaction) => Promise<T> | T): Promise<T> {
    return this.#writes.write(work);
  }

  onWake(channel: string, listener: () => void): () => void {
    return this.#wakeUps.listen(channel, listener);
  }

  check(): CheckResult {
    const details = { database: this.database, place: this.place, waitingWrites: this.#writes.waiting };
    return { status: this.#isAway ? "error" : "ok", ...details };
  }

  close(): Promise<void> {
    this.#closing ??= this.#writes.close().then(() => this.#driver.close());
    return this.#closing;
  }

  /** Says once that the store is away, and once that it is back. */
  #saw(error: unknown): void {
    if (this.#closing !== undefined) return;
    const isAway = error === undefined ? false : isUnavailable(error) || this.#isAway;
    if (isAway === this.#isAway) return;
    this.#isAway = isAway;
    this.#instruments.available.labels({}).set(isAway ? 0 : 1);
    if (isAway) this.#logger.error("the store is away", { store: this.place, error });
    else this.#logger.info("the store is back", { store: this.place });
  }
}

function register(metrics: Metrics, waiting: () => number) {
  const instruments = metrics.register(storeMetrics);
  instruments.available.labels({}).set(1);
  metrics.onCollect(() => instruments.waiting.labels({}).set(waiting()));
  return instruments;
}

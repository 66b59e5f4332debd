/**
 * Keeps the snapshot current: a pass over the queries every few seconds, at once when the database notifies, and a word
 * about how old what is served may be. An outage leaves the snapshot as it is.
 */
import type { Logger } from "@espalier/service";
import { parseUser } from "../source/row.ts";
import type { Source } from "../source/source.ts";
import type { PassResult, Population } from "./population.ts";
import type { SkippedRow } from "./records.ts";

export interface RefresherOptions {
  readonly source: Source;
  readonly population: Population;
  /** Between the end of a pass and the start of the next. */
  readonly intervalMs: number;
  /** How long searches are served from the last snapshot once the database is away. */
  readonly serveForMs: number;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly onPass?: (pass: { durationMs: number; failed: boolean }) => void;
}

/** Between two passes that something asked for, so that a burst of notifications costs a pass and not many. */
const minGapMs = 200;
/** A pass may take this share of the time: a directory of a million users is not read without a pause. */
const maxShare = 0.5;

export class Refresher {
  readonly #options: RefresherOptions;
  readonly #abort = new AbortController();
  /** Rows that the last pass skipped: the log names each once, as long as it is skipped. */
  #named = new Set<string>();
  readonly #firstPass = Promise.withResolvers<void>();
  #loaded = Promise.withResolvers<void>();
  #isLoaded = false;
  #isPassing = false;
  #wanted = false;
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #version: string | undefined;
  /** When the database last answered a whole pass. */
  lastSuccessMs: number | undefined;
  /** Since when it does not answer. */
  outageSinceMs: number | undefined;
  lastError: string | undefined;
  skipped: readonly SkippedRow[] = [];
  /** Found while a pass was under way, whose reads may be older. */
  #late: (() => void)[] = [];

  constructor(options: RefresherOptions) {
    this.#options = options;
    // Whoever waits for the load alone does not ask how the first attempt went.
    this.#firstPass.promise.catch(() => {});
  }

  /** Starts reading; `loaded` resolves after the first whole pass. */
  start(): void {
    this.#running = this.#run();
    void this.#options.source.watch(() => this.soon());
  }

  get loaded(): Promise<void> {
    return this.#loaded.promise;
  }

  /** How the first attempt to read everything went. Rejects with what it failed with; there will be others. */
  get firstPass(): Promise<void> {
    return this.#firstPass.promise;
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Whether searches may be answered: the snapshot is there, and the database has not been away for too long. */
  isServing(): boolean {
    if (!this.#isLoaded) return false;
    return this.outageSinceMs === undefined || this.#options.now() - this.outageSinceMs < this.#options.serveForMs;
  }

  /** Whether what is served is no older than the refresh allows. */
  isCurrent(): boolean {
    return this.#isLoaded && this.outageSinceMs === undefined;
  }

  /** Asks for a pass without waiting for the interval. */
  soon(): void {
    this.#wanted = true;
    this.#wake?.();
  }

  /** Reads one user and serves it if it is there. @throws SourceError */
  async load(username: string): Promise<boolean> {
    const { source, population } = this.#options;
    if (!this.#isLoaded) return false;
    const row = await source.user(username);
    const parsed = row && parseUser(row);
    if (!parsed || "skip" in parsed || !parsed.user.active) return false;
    const groups = await source.groupsOf(parsed.user.username);
    const add = () =>
      population.addUser(
        parsed.user,
        groups.map((group) => String(group.name)),
      );
    add();
    // The row may have changed since it was read: the next pass must look, even if nothing has changed since the last one.
    this.#version = undefined;
    if (this.#isPassing) this.#late.push(add);
    return true;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      this.#wanted = false;
      const started = this.#options.now();
      await this.#pass(signal);
      const took = this.#options.now() - started;
      if (signal.aborted) return;
      if (!this.#wanted) await this.#pause(Math.max(this.#options.intervalMs, took / maxShare - took));
      else await this.#pause(Math.max(minGapMs, took), false);
    }
  }

  async #pass(signal: AbortSignal): Promise<void> {
    const { source, population, now, onPass } = this.#options;
    const started = performance.now();
    this.#isPassing = true;
    try {
      const version = await source.version();
      if (version === undefined || version !== this.#version) {
        const result = await population.pass(source, signal);
        this.#version = this.#late.length > 0 ? undefined : version;
        this.#report(result, performance.now() - started);
        await this.#settle();
      }
      this.#recovered();
      this.lastSuccessMs = now();
      onPass?.({ durationMs: performance.now() - started, failed: false });
    } catch (error) {
      if (signal.aborted) return;
      this.#failed(error);
      onPass?.({ durationMs: performance.now() - started, failed: true });
    } finally {
      this.#isPassing = false;
      for (const add of this.#late.splice(0)) {
        add();
        this.#wanted = true;
      }
    }
  }

  async #settle(): Promise<void> {
    if (this.#isLoaded) return;
    await this.#options.population.snapshot.settle();
    this.#isLoaded = true;
    this.#firstPass.resolve();
    this.#loaded.resolve();
  }

  #report(result: PassResult, durationMs: number): void {
    const { log } = this.#options;
    const { users, groups, changed } = result;
    this.skipped = result.skipped;
    const named = this.#named;
    this.#named = new Set();
    for (const row of result.skipped) {
      const id = `${row.kind} ${row.name} ${row.reason}`;
      this.#named.add(id);
      if (named.has(id)) continue;
      log.warn(`A ${row.kind} cannot be served: ${row.reason}`, { [row.kind]: row.name });
    }
    const fields = { users, groups, changed, skipped: result.skipped.length, durationMs: Math.round(durationMs) };
    if (!this.#isLoaded) log.info("The directory is loaded.", fields);
    else if (changed > 0) log.info("The directory has changed.", fields);
  }

  #failed(error: unknown): void {
    this.#firstPass.reject(error);
    const message = error instanceof Error ? error.message : String(error);
    if (this.outageSinceMs === undefined) {
      this.outageSinceMs = this.#options.now();
      const consequence = this.#isLoaded
        ? "Searches go on from the last snapshot."
        : "Nothing is served before it can.";
      this.#options.log.error(`The user database cannot be read: ${message} ${consequence}`);
    }
    this.lastError = message;
  }

  #recovered(): void {
    if (this.outageSinceMs === undefined) return;
    const awayMs = this.#options.now() - this.outageSinceMs;
    this.#options.log.info("The user database can be read again.", { awayMs });
    this.outageSinceMs = undefined;
    this.lastError = undefined;
  }

  /** Waits; `soon()` ends the wait early, unless this is the gap that keeps passes apart. */
  async #pause(ms: number, canWake = true): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      const wake = () => {
        if (!canWake && !this.#abort.signal.aborted) return;
        clearTimeout(timer);
        resolve();
      };
      this.#wake = wake;
    });
    this.#wake = undefined;
  }
}

/**
 * The life of a service process and the signals that move it along.
 *
 *     starting ──started──▶ running ──SIGTERM, SIGINT──▶ draining ──drained, or time is up──▶ ended
 *        │                   ▲   │ SIGHUP                    ▲
 *        │                   └───┘ reload                    │
 *        └──failed, SIGTERM, SIGINT──────────────────────────┘   (also: an uncaught error, from any state)
 *
 * A second SIGTERM or SIGINT ends at once, from any state. SIGPIPE is absent: Node ignores it, and a broken pipe is an
 * error of whoever writes.
 */
import type { EventEmitter } from "node:events";
import type { Health } from "../health/health.ts";
import type { Logger } from "../log/logger.ts";
import type { Notifier } from "./systemd.ts";

export interface Service {
  /** Resolves when it serves. `signal` is aborted when the process is told to end meanwhile. */
  start(signal: AbortSignal): Promise<void>;
  /** Takes the certificates and what else may change. When it rejects, everything must be as before. */
  reload?(): Promise<void>;
  /**
   * Stops accepting, finishes what runs, closes. When `signal` is aborted the time is up: whatever is left must be
   * dropped. Also called when `start` failed or was aborted.
   */
  drain(signal: AbortSignal): Promise<void>;
}

/** What {@link runService} needs of `process`. */
export interface ProcessHost extends Pick<EventEmitter, "on" | "off"> {
  exitCode?: number | string | null | undefined;
  exit(code: number): void;
}

export interface RunOptions {
  readonly service: Service;
  readonly logger: Logger;
  /** Set ready and not ready at the right moments. */
  readonly health?: Health;
  /** The most that draining may take. */
  readonly drainTimeoutMs: number;
  /** `process` unless told. */
  readonly host?: ProcessHost;
  readonly notifier?: Notifier;
}

/** 0: ended as told. 1: something was dropped, or an error ended it. */
export type ServiceExitCode = 0 | 1;

/** What is left after the end (a timer, a socket that nobody closed) may hold the process this long. */
const lingerMs = 2_000;
/** How long a reload under way, or the dropping of what is left when the time is up, is waited for. */
const patienceMs = 1_000;

/**
 * Runs the service until it has ended; resolves to the exit code, which is also set on the process. The process then ends
 * by itself; it is only made to when something holds it.
 *
 * Rejects with what `start` threw, a {@link ConfigurationError} for instance, after draining: the caller says it and
 * chooses the code.
 */
export async function runService(options: RunOptions): Promise<ServiceExitCode> {
  return new Run(options).untilEnd();
}

const signalNumbers = { SIGINT: 2, SIGTERM: 15 } as const;

class Run {
  readonly #options: RunOptions;
  readonly #host: ProcessHost;
  readonly #listeners: Readonly<Record<string, (argument: unknown) => void>> = {
    SIGTERM: () => this.#end("SIGTERM"),
    SIGINT: () => this.#end("SIGINT"),
    SIGHUP: () => this.#reload(),
    uncaughtException: (error) => this.#fail("uncaught exception", error),
    unhandledRejection: (error) => this.#fail("unhandled rejection", error),
  };
  readonly #ending = new AbortController();
  #state: "starting" | "running" | "draining" = "starting";
  #reloading: Promise<void> | undefined;
  #reloadAgain = false;
  #exitCode: ServiceExitCode = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#host = options.host ?? process;
  }

  async untilEnd(): Promise<ServiceExitCode> {
    for (const [event, listener] of Object.entries(this.#listeners)) this.#host.on(event, listener);
    const failure = await this.#start();
    if (failure === undefined && !this.#ending.signal.aborted) await this.#run();
    this.#state = "draining";
    await this.#drain(failure === undefined ? "draining" : "the start failed");
    for (const [event, listener] of Object.entries(this.#listeners)) this.#host.off(event, listener);
    if (failure !== undefined) throw failure.error;
    this.#options.logger.info("ended", { exitCode: this.#exitCode });
    this.#host.exitCode = this.#exitCode;
    setTimeout(() => {
      this.#options.logger.warn("something still held the process after the end");
      this.#host.exit(this.#exitCode);
    }, lingerMs).unref();
    return this.#exitCode;
  }

  async #start(): Promise<{ readonly error: unknown } | undefined> {
    const { service, drainTimeoutMs } = this.#options;
    const { signal } = this.#ending;
    try {
      const starting = service.start(signal);
      await Promise.race([starting, aborted(signal).then(() => within(drainTimeoutMs, starting))]);
      return undefined;
    } catch (error) {
      // An aborted start may well throw; that is no failure of its own.
      return signal.aborted ? undefined : { error };
    }
  }

  async #run(): Promise<void> {
    const { logger, health, notifier } = this.#options;
    this.#state = "running";
    health?.setReady();
    logger.info("ready");
    await notifier?.ready();
    if (this.#reloadAgain) this.#reload();
    await aborted(this.#ending.signal);
  }

  #end(signal: keyof typeof signalNumbers): void {
    const { logger, drainTimeoutMs } = this.#options;
    if (!this.#ending.signal.aborted) {
      logger.info("ending", { signal, drainTimeoutMs });
      this.#ending.abort();
      return;
    }
    logger.fatal("ended at once, by a second signal", { signal });
    this.#host.exit(128 + signalNumbers[signal]);
  }

  #fail(what: string, error: unknown): void {
    this.#exitCode = 1;
    this.#options.logger.fatal(what, { error });
    this.#ending.abort();
  }

  /** One at a time, and one more for signals that come meanwhile, since the files may have been read before. */
  #reload(): void {
    if (this.#state === "draining") return;
    if (this.#state === "starting" || this.#reloading !== undefined) {
      this.#reloadAgain = true;
      return;
    }
    this.#reloadAgain = false;
    this.#reloading = this.#reloadOnce().finally(() => {
      this.#reloading = undefined;
      if (this.#reloadAgain) this.#reload();
    });
  }

  async #reloadOnce(): Promise<void> {
    const { service, logger, notifier } = this.#options;
    await notifier?.reloading();
    try {
      await service.reload?.();
      logger.info(service.reload === undefined ? "there is nothing to reload" : "reloaded");
    } catch (error) {
      logger.error("nothing was reloaded; what was loaded before goes on", { error });
    }
    await notifier?.ready();
  }

  async #drain(reason: string): Promise<void> {
    const { service, logger, health, notifier, drainTimeoutMs } = this.#options;
    health?.setNotReady(reason);
    const stopping = notifier?.stopping();
    if (this.#reloading !== undefined) await within(patienceMs, this.#reloading);
    const time = new AbortController();
    const timer = setTimeout(() => {
      this.#exitCode = 1;
      logger.warn("the time for draining is up; what is left is dropped", { drainTimeoutMs });
      time.abort();
    }, drainTimeoutMs);
    try {
      const draining = service.drain(time.signal);
      await Promise.race([draining, aborted(time.signal).then(() => within(patienceMs, draining))]);
    } catch (error) {
      this.#exitCode = 1;
      logger.error("draining failed", { error });
    } finally {
      clearTimeout(timer);
    }
    await stopping;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Waits for `promise`, but no longer than `timeMs`. */
async function within(timeMs: number, promise: Promise<void>): Promise<void> {
  const timeIsUp = Promise.withResolvers<void>();
  const timer = setTimeout(timeIsUp.resolve, timeMs);
  try {
    await Promise.race([promise, timeIsUp.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Something that is done again whenever it is woken or its time has come, never twice at the same time. */
import { type Logger, StoreError } from "@espalier/service";

const minRetryMs = 200;
const maxRetryMs = 10_000;

export interface LoopOptions {
  readonly name: string;
  /** Resolves to when it wants to be called again without being woken, in milliseconds; 0 for at once. */
  readonly step: () => Promise<number>;
  /** After a step that asks for a wait it is not woken for so long: what comes meanwhile is done together. 0 unless said. */
  readonly restMs?: number;
  readonly logger: Logger;
}

/** After an error it waits 0.2 s, 0.4 s and so on up to 10 s. */
export class Loop {
  readonly #options: LoopOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isWoken = false;
  #isResting = false;
  #isStopped = false;
  #retryMs = minRetryMs;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  wake(): void {
    if (this.#isStopped) return;
    this.#isWoken = true;
    if (!this.#isResting) this.#running ??= this.#run();
  }

  /** Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { restMs = 0 } = this.#options;
    clearTimeout(this.#timer);
    let waitMs = 0;
    while (!this.#isStopped && (waitMs === 0 || (this.#isWoken && restMs === 0))) {
      this.#isWoken = false;
      waitMs = await this.#step();
    }
    this.#running = undefined;
    if (this.#isStopped) return;
    this.#isResting = restMs > 0;
    this.#timer = setTimeout(() => this.#rested(waitMs - restMs), restMs);
  }

  #rested(waitMs: number): void {
    this.#isResting = false;
    if (this.#isWoken || waitMs <= 0) this.wake();
    else this.#timer = setTimeout(() => this.wake(), waitMs);
  }

  async #step(): Promise<number> {
    const { name, step, logger } = this.#options;
    try {
      const waitMs = await step();
      this.#retryMs = minRetryMs;
      return waitMs;
    } catch (error) {
      // The store says by itself that it is away, and that it is back.
      if (!(error instanceof StoreError)) logger.error(`${name} failed and will be tried again`, { error });
      else logger.debug(`${name} waits for the store`, { error });
      // What wakes it meanwhile must not make it busy.
      this.#isWoken = false;
      const waitMs = this.#retryMs;
      this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs);
      return waitMs;
    }
  }
}

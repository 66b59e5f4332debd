/** Those who wait for an approval's end on this node: one look at the store for all of them whenever any node has changed one. */
import type { Logger } from "@espalier/service";
import type { Approval } from "./approval.ts";

export interface WaitersOptions {
  onWake(listener: () => void): () => void;
  read(id: string): Promise<Approval | undefined>;
  pendingOf(ids: readonly string[]): Promise<ReadonlySet<string>>;
  readonly logger: Logger;
  readonly now: () => number;
}

interface Waiter {
  readonly id: string;
  /** Reads what there is, and goes. */
  readonly leave: () => void;
}

/** Past its end it is over for the clocks of other nodes, too. */
const clockMarginMs = 20;

export class Waiters {
  readonly #options: WaitersOptions;
  readonly #waiting = new Set<Waiter>();
  readonly #unsubscribe: () => void;
  #isLooking = false;
  #mustLookAgain = false;
  #isClosed = false;

  constructor(options: WaitersOptions) {
    this.#options = options;
    this.#unsubscribe = options.onWake(() => void this.#look());
  }

  /** @throws StoreError */
  async wait(id: string, waitMs: number, signal?: AbortSignal): Promise<Approval | undefined> {
    const { read, now } = this.#options;
    const left = Promise.withResolvers<void>();
    const waiter: Waiter = { id, leave: left.resolve };
    // In the list before the first look: what happens in between wakes it.
    this.#waiting.add(waiter);
    let timer: NodeJS.Timeout | undefined;
    try {
      const approval = await read(id);
      if (approval?.state !== "pending" || waitMs <= 0 || signal?.aborted === true || this.#isClosed) return approval;
      timer = setTimeout(waiter.leave, Math.min(waitMs, Math.max(0, approval.expiresAt - now()) + clockMarginMs));
      signal?.addEventListener("abort", waiter.leave, { once: true });
      await left.promise;
      return await read(id);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", waiter.leave);
      this.#waiting.delete(waiter);
    }
  }

  /** Lets everybody go with what there is, and whoever comes later. */
  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    for (const { leave } of this.#waiting) leave();
  }

  async #look(): Promise<void> {
    this.#mustLookAgain = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    while (this.#mustLookAgain && this.#waiting.size > 0) {
      this.#mustLookAgain = false;
      const ids = new Set([...this.#waiting].map(({ id }) => id));
      try {
        const pending = await this.#options.pendingOf([...ids]);
        for (const { id, leave } of this.#waiting) if (ids.has(id) && !pending.has(id)) leave();
      } catch (error) {
        // The store is away. Everybody is woken when it is back, and looks when the time is over.
        this.#options.logger.debug("approvals could not be read", { error });
      }
    }
    this.#isLooking = false;
  }
}

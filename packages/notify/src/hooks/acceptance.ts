/**
 * Puts what was read into the log. Requests that come while a commit is under way are stored together by the next one, with as
 * many statements as one of them would need.
 */
import {
  type Appended,
  type EventLog,
  type NewEvent,
  type PreparedEvent,
  type Store,
  StoreError,
} from "@espalier/service";
import { findDigest, isGathered } from "./digests.ts";

export interface AcceptedEvent {
  readonly event: NewEvent & { readonly dedupeKey: string };
  readonly dedupeWindowMs: number;
  readonly receivedMs: number;
}

interface Waiting {
  readonly prepared: PreparedEvent;
  readonly receivedMs: number;
  readonly resolve: (stored: Appended) => void;
  readonly reject: (error: unknown) => void;
}

const storedAtOnce = 256;

export class Acceptance {
  readonly #store: Store;
  readonly #log: EventLog;
  #waiting: Waiting[] = [];
  #isAsked = false;

  constructor(store: Store, log: EventLog) {
    this.#store = store;
    this.#log = log;
  }

  /** Resolves when it is on stable storage. @throws EventError, StoreError */
  async accept({ event, dedupeWindowMs, receivedMs }: AcceptedEvent): Promise<Appended> {
    const prepared = this.#log.prepare(event, { dedupeWindowMs });
    return new Promise((resolve, reject) => {
      this.#waiting.push({ prepared, receivedMs, resolve, reject });
      this.#storeWaiting();
    });
  }

  /** The store is asked once, and given all that wait when it comes to it: until then it may be busy with those before. */
  #storeWaiting(): void {
    if (this.#isAsked || this.#waiting.length === 0) return;
    this.#isAsked = true;
    void this.#settle(() => {
      this.#isAsked = false;
      const taken = this.#waiting.splice(0, storedAtOnce);
      this.#storeWaiting();
      return taken;
    });
  }

  async #settle(take: () => readonly Waiting[]): Promise<void> {
    let requests: readonly Waiting[] | undefined;
    try {
      const outcomes = await this.#store.write((transaction) => {
        // The same ones when it is tried anew.
        requests ??= take();
        const events = requests.map(({ prepared }) => prepared);
        return this.#log.appendEachAtEnd(transaction, events, isGathered(requests[0]?.receivedMs ?? 0));
      });
      const stored = outcomes();
      for (const [index, request] of requests!.entries()) {
        const outcome = stored[index];
        if (outcome === undefined) void this.#resolveGathered(request);
        else request.resolve(outcome);
      }
    } catch (error) {
      requests ??= take();
      const isAway = error instanceof StoreError && error.code === "ERR_STORE_UNAVAILABLE";
      // One of them is the matter: the others are stored without it.
      if (requests.length > 1 && !isAway) for (const request of requests) await this.#settle(() => [request]);
      else for (const { reject } of requests) reject(error);
    }
  }

  async #resolveGathered(request: Waiting): Promise<void> {
    const { prepared, receivedMs, resolve, reject } = request;
    try {
      const id = await findDigest(this.#store, prepared.checked.dedupeKey ?? "", receivedMs);
      if (id !== undefined) resolve({ id, isDuplicate: true });
      // It was removed meanwhile, as it held no longer.
      else await this.#settle(() => [request]);
    } catch (error) {
      reject(error);
    }
  }
}

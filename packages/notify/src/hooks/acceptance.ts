/**
 * Puts what was read into the log. Requests that come while a commit is under way are stored together by the next one, with as
 * many statements as one of them would need.
 */
import { type EventError, type EventLog, type NewEvent, type Store, StoreError } from "@espalier/service";
import { findGathered } from "./digests.ts";

export interface AcceptedEvent {
  readonly event: NewEvent & { readonly dedupeKey: string };
  readonly dedupeWindowMs: number;
  readonly receivedMs: number;
}

export interface Stored {
  /** Of the event, or of the digest. */
  readonly id: string;
  readonly isDuplicate: boolean;
  /** It is, or its like was, part of a digest. */
  readonly isGathered: boolean;
}

interface Waiting {
  readonly accepted: AcceptedEvent;
  readonly resolve: (stored: Stored | EventError) => void;
  readonly reject: (error: unknown) => void;
}

const storedAtOnce = 256;

export class Acceptance {
  readonly #store: Store;
  readonly #log: EventLog;
  #waiting: Waiting[] = [];
  #isStoring = false;

  constructor(store: Store, log: EventLog) {
    this.#store = store;
    this.#log = log;
  }

  /** Resolves when it is on stable storage; to the error where it cannot be stored, whatever is tried. @throws StoreError */
  accept(accepted: AcceptedEvent): Promise<Stored | EventError> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ accepted, resolve, reject });
      if (this.#isStoring) return;
      this.#isStoring = true;
      setImmediate(() => void this.#storeAll());
    });
  }

  async #storeAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#settle(this.#waiting.splice(0, storedAtOnce));
    this.#isStoring = false;
  }

  async #settle(requests: readonly Waiting[]): Promise<void> {
    try {
      const stored = await this.#append(requests.map(({ accepted }) => accepted));
      for (const [index, { resolve }] of requests.entries()) resolve(stored[index]!);
    } catch (error) {
      const isAway = error instanceof StoreError && error.code === "ERR_STORE_UNAVAILABLE";
      // One of them is the matter: the others are stored without it.
      if (requests.length > 1 && !isAway) for (const request of requests) await this.#settle([request]);
      else for (const { reject } of requests) reject(error);
    }
  }

  async #append(accepted: readonly AcceptedEvent[]): Promise<readonly (Stored | EventError)[]> {
    const { digests, outcomes } = await this.#store.write(async (transaction) => {
      const digests = await findGathered(
        transaction,
        accepted.map(({ event, receivedMs }) => ({ key: event.dedupeKey, now: receivedMs })),
      );
      const isNew = ({ event }: AcceptedEvent) => !digests.has(event.dedupeKey);
      return { digests, outcomes: this.#log.appendEachAtEnd(transaction, accepted.filter(isNew)) };
    });
    const appended = outcomes().values();
    return accepted.map(({ event }) => {
      const digest = digests.get(event.dedupeKey);
      if (digest !== undefined) return { id: digest, isDuplicate: true, isGathered: true };
      const outcome = appended.next().value!;
      return outcome instanceof Error ? outcome : { ...outcome, isGathered: false };
    });
  }
}

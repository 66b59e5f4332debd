/** Those who wait for a connection: served one client after the other, whoever asks most, and each until its deadline. */

/** Somebody who was taken out of the line. */
export interface Taken<Granted> {
  readonly grant: (granted: Granted) => void;
  readonly refuse: (error: Error) => void;
}

interface Waiter<Granted, Wish> extends Taken<Granted> {
  readonly wish: Wish;
  /** Of `performance.now()`. */
  readonly sinceMs: number;
  timer: NodeJS.Timeout | undefined;
}

/** How many wait in several lines together. */
export interface WaitingCount {
  waiting: number;
}

export class WaitingLine<Granted, Wish = undefined> {
  /** In the order of their turns. */
  readonly #clients = new Map<unknown, Waiter<Granted, Wish>[]>();
  readonly #expired: () => Error;
  readonly #count: WaitingCount;
  #size = 0;

  /** `expired`: what somebody is refused with whose deadline has passed. */
  constructor(count: WaitingCount, expired: () => Error) {
    this.#count = count;
    this.#expired = expired;
  }

  get size(): number {
    return this.#size;
  }

  /** `deadlineMs` is a time of `performance.now()`. */
  wait(client: unknown, deadlineMs: number, wish: Wish): Promise<Granted> {
    const { promise, resolve, reject } = Promise.withResolvers<Granted>();
    const sinceMs = performance.now();
    const waiter: Waiter<Granted, Wish> = { wish, sinceMs, grant: resolve, refuse: reject, timer: undefined };
    waiter.timer = setTimeout(() => this.#expire(client, waiter), Math.max(0, deadlineMs - sinceMs));
    const waiters = this.#clients.get(client);
    if (waiters === undefined) this.#clients.set(client, [waiter]);
    else waiters.push(waiter);
    this.#resize(1);
    return promise;
  }

  /** What whoever is next asked for. */
  get nextWish(): Wish | undefined {
    return this.#next?.wish;
  }

  /** Since when whoever is next waits, of `performance.now()`. */
  get nextSinceMs(): number | undefined {
    return this.#next?.sinceMs;
  }

  get #next(): Waiter<Granted, Wish> | undefined {
    for (const [waiter] of this.#clients.values()) return waiter;
    return undefined;
  }

  /** Takes out whoever is next, to be granted or refused later: its deadline counts no longer. */
  take(): Taken<Granted> | undefined {
    for (const [client, waiters] of this.#clients) {
      const waiter = waiters.shift();
      this.#clients.delete(client);
      // The client's next comes when all others had their turn.
      if (waiters.length > 0) this.#clients.set(client, waiters);
      if (waiter !== undefined) {
        this.#resize(-1);
        clearTimeout(waiter.timer);
        return waiter;
      }
    }
    return undefined;
  }

  /** Refuses what this client waits for, or everybody. */
  refuse(error: Error, client?: unknown): void {
    const refused = client === undefined ? [...this.#clients.keys()] : [client];
    for (const each of refused) {
      const waiters = this.#clients.get(each) ?? [];
      this.#clients.delete(each);
      this.#resize(-waiters.length);
      for (const waiter of waiters) {
        clearTimeout(waiter.timer);
        waiter.refuse(error);
      }
    }
  }

  #expire(client: unknown, waiter: Waiter<Granted, Wish>): void {
    const waiters = this.#clients.get(client) ?? [];
    waiters.splice(waiters.indexOf(waiter), 1);
    if (waiters.length === 0) this.#clients.delete(client);
    this.#resize(-1);
    waiter.refuse(this.#expired());
  }

  #resize(by: number): void {
    this.#size += by;
    this.#count.waiting += by;
  }
}

/** Who is called when something was committed, by this process or by another one. */
import type { Driver } from "./driver.ts";

export class WakeUps {
  readonly #driver: Driver;
  readonly #listeners = new Map<string, Set<() => void>>();
  #isWatching = false;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  /** The other processes are watched from the first listener on. */
  listen(channel: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(listener));
    if (!this.#isWatching) {
      this.#isWatching = true;
      this.#driver
        .watch((woken) => this.wake(woken === undefined ? this.#listeners.keys() : [woken]))
        // What was committed before it was watched.
        .then(() => this.wake([...this.#listeners.keys()]))
        .catch(() => {
          this.#isWatching = false;
        });
    }
    return () => listeners.delete(listener);
  }

  wake(channels: Iterable<string>): void {
    for (const channel of [...channels]) {
      for (const listener of [...(this.#listeners.get(channel) ?? [])]) listener();
    }
  }
}

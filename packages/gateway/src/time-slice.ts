/** Gives the event loop back while a long piece of work goes on, so that no search waits for longer than a slice. */
import { setImmediate } from "node:timers/promises";

const sliceMs = 4;

export class TimeSlice {
  #until = performance.now() + sliceMs;

  /** Whether the slice is used up: then `await next()`. */
  get over(): boolean {
    return performance.now() >= this.#until;
  }

  async next(): Promise<void> {
    await setImmediate();
    this.#until = performance.now() + sliceMs;
  }
}

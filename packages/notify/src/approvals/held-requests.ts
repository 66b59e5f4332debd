/** Requests that wait for a person: each ends when its client hangs up or the service ends, and there are not too many. */
import type { FastifyReply } from "fastify";

const maxHeld = 1_000;

export class HeldRequests {
  readonly #closing: AbortSignal;
  #held = 0;

  constructor(closing: AbortSignal) {
    this.#closing = closing;
  }

  /** Calls `wait` with a signal that says when nobody waits any more; undefined where too many are held already. */
  async hold<T>(reply: FastifyReply, wait: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    if (this.#held >= maxHeld) return undefined;
    const hungUp = new AbortController();
    const end = () => hungUp.abort();
    reply.raw.once("close", end);
    this.#held += 1;
    try {
      return await wait(AbortSignal.any([hungUp.signal, this.#closing]));
    } finally {
      this.#held -= 1;
      reply.raw.off("close", end);
    }
  }
}

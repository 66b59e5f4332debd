/** Message ids of a session, RFC 4511 §4.1.1.1. */

const MAX_MESSAGE_ID = 2 ** 31 - 1;

/** Counts from 1 up, begins again behind the largest, and passes over the ids of requests that are still outstanding. */
export class MessageIds {
  readonly #largest: number;
  #last = 0;

  constructor(largest: number = MAX_MESSAGE_ID) {
    this.#largest = largest;
  }

  next(isOutstanding: (messageId: number) => boolean): number {
    do this.#last = this.#last === this.#largest ? 1 : this.#last + 1;
    while (isOutstanding(this.#last));
    return this.#last;
  }
}

/** The buffers that responses are gathered in: lent to a connection from its first response to the next flush. */
import { BerWriter } from "../ber/writer.ts";

/** A connection flushes when it holds this much, and at the end of its turn. */
export const FLUSH_BYTES = 64 * 1024;
/** Enough for what most clients get in a turn, so that many who are answered at once cost little each. */
const SMALL_BYTES = 4 * 1024;
/** Room for the response that crosses `FLUSH_BYTES`; a small one has grown to so much by then. */
const LARGE_BYTES = 2 * FLUSH_BYTES;
const KEPT_SMALL = 256;
const KEPT_LARGE = 16;

export class OutputPool {
  readonly #small: BerWriter[] = [];
  readonly #large: BerWriter[] = [];

  /**
   * A large one where there is one, since nobody knows how long the answer gets.
   *
   * @param isLong it goes on with an answer that has filled one already
   */
  acquire(isLong: boolean): BerWriter {
    const large = this.#large.pop();
    if (large !== undefined) return large;
    return isLong ? new BerWriter(LARGE_BYTES) : (this.#small.pop() ?? new BerWriter(SMALL_BYTES));
  }

  /** Takes back a writer whose bytes nobody reads any longer. */
  release(writer: BerWriter): void {
    writer.reset();
    const bytes = writer.buffer.length;
    if (bytes === SMALL_BYTES) {
      if (this.#small.length < KEPT_SMALL) this.#small.push(writer);
    } else if (bytes <= LARGE_BYTES && this.#large.length < KEPT_LARGE) this.#large.push(writer);
  }
}

/** The buffers that responses are gathered in: lent to a connection from its first response to the next flush. */
import { BerWriter } from "../ber/writer.ts";

/** A connection flushes when it holds this much, and at the end of its turn. */
export const FLUSH_BYTES = 64 * 1024;
/** Room for the response that crosses `FLUSH_BYTES`, so that few buffers ever grow. */
const BUFFER_BYTES = FLUSH_BYTES + 16 * 1024;
const KEPT_WRITERS = 16;

export class OutputPool {
  readonly #writers: BerWriter[] = [];

  acquire(): BerWriter {
    return this.#writers.pop() ?? new BerWriter(BUFFER_BYTES);
  }

  /** Takes back a writer whose bytes nobody reads any longer. */
  release(writer: BerWriter): void {
    if (this.#writers.length >= KEPT_WRITERS || writer.buffer.length > BUFFER_BYTES) return;
    writer.reset();
    this.#writers.push(writer);
  }
}

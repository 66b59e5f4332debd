/** The buffers that output is gathered in: lent to a connection from its first message of a turn to the turn's end. */

/** Enough for what most clients get in a turn, so that many of them with little each cost little. */
const smallBytes = 4 * 1024;
/** A connection whose buffer holds this much is flushed before the turn ends. */
export const largeBytes = 64 * 1024;
const keptSmall = 256;
const keptLarge = 16;

export class OutputBuffers {
  readonly #small: Buffer[] = [];
  readonly #large: Buffer[] = [];

  /** One with room for `bytes`, of which there are at most `largeBytes`. */
  acquire(bytes: number): Buffer {
    return bytes <= smallBytes
      ? (this.#small.pop() ?? Buffer.alloc(smallBytes))
      : (this.#large.pop() ?? Buffer.alloc(largeBytes));
  }

  /** Takes back one whose bytes nobody reads any longer. */
  release(buffer: Buffer): void {
    if (buffer.length === smallBytes) {
      if (this.#small.length < keptSmall) this.#small.push(buffer);
    } else if (this.#large.length < keptLarge) this.#large.push(buffer);
  }
}

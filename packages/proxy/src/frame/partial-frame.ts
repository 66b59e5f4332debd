/** The beginning of a message whose rest has not arrived yet. RFC 4511 §5.1. */
import { messageLength } from "@espalier/ldap";

/** A header: tag, and a length of at most five octets. */
const maxHeaderBytes = 6;
/** A message up to this long gets all its room at once. */
const shortBytes = 4096;

/**
 * Collects one message from as many chunks as it takes. Grows by doubling as bytes arrive, so a peer that announces much
 * and sends little costs little; each byte is copied a bounded number of times.
 */
export class PartialFrame {
  /** On the clock of whoever reads. */
  readonly sinceMs: number;
  #buffer: Uint8Array = new Uint8Array(maxHeaderBytes);
  #length = 0;
  #total: number | undefined;

  constructor(sinceMs: number) {
    this.sinceMs = sinceMs;
  }

  /**
   * Takes what the message still needs of `chunk[start, end)` and returns where the next message begins.
   *
   * @throws ParseError as `messageLength`.
   */
  append(chunk: Uint8Array, start: number, end: number, maxMessageBytes: number): number {
    let at = start;
    while (this.#total === undefined && at < end) {
      this.#buffer[this.#length++] = chunk[at++]!;
      this.#total = messageLength(this.#buffer, 0, this.#length, maxMessageBytes);
    }
    if (this.#total === undefined) return at;
    const count = Math.min(this.#total - this.#length, end - at);
    this.#reserve(count, this.#total);
    this.#buffer.set(chunk.subarray(at, at + count), this.#length);
    this.#length += count;
    return at + count;
  }

  /** The whole message once it is there. It is the caller's: nothing here writes to it again. */
  get message(): Uint8Array | undefined {
    return this.#length === this.#total ? this.#buffer.subarray(0, this.#length) : undefined;
  }

  #reserve(count: number, total: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.min(total, Math.max(needed, this.#buffer.length * 2, shortBytes)));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}

/** Cuts the bytes of a stream into whole LDAP messages. RFC 4511 §5.2. */
import { messageLength } from "../message/framing.ts";

/**
 * Holds what has come of a message that is not whole yet, never more than has really arrived: a length that is declared
 * allocates nothing.
 */
export class MessageBuffer {
  readonly #maxMessageBytes: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Bytes that belong to no message given out so far. */
  get byteLength(): number {
    return this.#end - this.#start;
  }

  push(chunk: Uint8Array): void {
    const pending = this.byteLength;
    if (pending === 0) {
      this.#bytes = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      return;
    }
    const needed = pending + chunk.length;
    // The array may be a chunk of the socket's with no room; from the second chunk on it is ours and grows by doubling.
    if (this.#start + needed > this.#bytes.length || this.#start > 0) {
      const larger = new Uint8Array(Math.max(needed, pending * 2));
      larger.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = larger;
      this.#start = 0;
      this.#end = pending;
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /**
   * The next whole message in bytes of its own, so that what is decoded from them may be kept; `undefined` until it is there.
   *
   * @throws {ParseError} as `messageLength`: the framing is lost.
   */
  next(): Uint8Array | undefined {
    const length = messageLength(this.#bytes, this.#start, this.#end, this.#maxMessageBytes);
    if (length === undefined || length > this.byteLength) return undefined;
    // Not the slice() of the chunk's own class: a Buffer's gives a view.
    const message = new Uint8Array(this.#bytes.subarray(this.#start, this.#start + length));
    this.#start += length;
    return message;
  }
}

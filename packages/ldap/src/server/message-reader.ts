/** Whole messages out of the chunks of a stream, without copying those that arrive in one piece. RFC 4511 §5.1. */
import { messageLength } from "../message/framing.ts";
import { PartialMessage } from "./partial-message.ts";

export interface MessageReaderOwner {
  /** Whether to go on with the next message. */
  readonly mayRead: boolean;
  /** Of the next message, header included. */
  readonly maxMessageBytes: number;
  /** One whole message: `bytes[start, end)`, which nothing writes to again. */
  accept(bytes: Uint8Array, start: number, end: number): void;
}

export class MessageReader {
  readonly #owner: MessageReaderOwner;
  #partial: PartialMessage | undefined;

  constructor(owner: MessageReaderOwner) {
    this.#owner = owner;
  }

  /** Since when a message has been incomplete, on the clock of `read`; `undefined` when none is. */
  get partialSinceMs(): number | undefined {
    return this.#partial?.sinceMs;
  }

  /**
   * Gives every whole message to the owner as long as it may read, and keeps the beginning of one that is not complete.
   * Returns where it stopped: `chunk.length`, or before what the owner has to hold. `nowMs` is for `partialSinceMs`.
   *
   * @throws ParseError as `messageLength`, and what `accept` throws.
   */
  read(chunk: Uint8Array, nowMs = 0): number {
    const owner = this.#owner;
    const end = chunk.length;
    let at = 0;
    while (at < end && owner.mayRead) {
      if (this.#partial === undefined) {
        const length = messageLength(chunk, at, end, owner.maxMessageBytes);
        if (length !== undefined && at + length <= end) {
          at += length;
          owner.accept(chunk, at - length, at);
          continue;
        }
        this.#partial = new PartialMessage(nowMs);
      }
      at = this.#partial.append(chunk, at, end, owner.maxMessageBytes);
      const bytes = this.#partial.message;
      if (bytes !== undefined) {
        this.#partial = undefined;
        owner.accept(bytes, 0, bytes.length);
      }
    }
    return at;
  }

  /** Forgets an incomplete message. */
  reset(): void {
    this.#partial = undefined;
  }
}

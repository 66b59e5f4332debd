/** Frames out of the chunks of a stream, without copying those that arrive in one piece. RFC 4511 §5.1. */
import { MessageReader, type MessageReaderOwner } from "@espalier/ldap/server";
import type { Frame } from "./frame.ts";
import { readFrame } from "./read-frame.ts";

export interface FrameReaderOwner {
  /** Whether to go on with the next message. */
  readonly mayRead: boolean;
  /** Of the next message, header included. */
  readonly maxMessageBytes: number;
  /** One whole message. Its bytes are a part of the chunk, or an array of their own if it came in several. */
  accept(frame: Frame): void;
}

/** As `MessageReader`; its `read` also throws the ParseError of `readFrame`: the framing is lost then. */
export class FrameReader extends MessageReader {
  constructor(owner: FrameReaderOwner) {
    super(new FramingOwner(owner));
  }
}

/** A class: object literals with accessors have a shape each, and reading them is not compiled to anything fast. */
class FramingOwner implements MessageReaderOwner {
  readonly #owner: FrameReaderOwner;

  constructor(owner: FrameReaderOwner) {
    this.#owner = owner;
  }

  get mayRead(): boolean {
    return this.#owner.mayRead;
  }

  get maxMessageBytes(): number {
    return this.#owner.maxMessageBytes;
  }

  accept(bytes: Uint8Array, start: number, end: number): void {
    this.#owner.accept(readFrame(bytes, start, end));
  }
}

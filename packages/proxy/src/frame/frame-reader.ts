/** Frames out of the chunks of a stream, without copying those that arrive in one piece. RFC 4511 §5.1. */
import { MessageReader } from "@espalier/ldap/server";
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

/** Its `read` also throws the ParseError of `readFrame`: the framing is lost then. */
export class FrameReader extends MessageReader {
  constructor(owner: FrameReaderOwner) {
    super({
      get mayRead() {
        return owner.mayRead;
      },
      get maxMessageBytes() {
        return owner.maxMessageBytes;
      },
      accept: (bytes, start, end) => owner.accept(readFrame(bytes, start, end)),
    });
  }
}

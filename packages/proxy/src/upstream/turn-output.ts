/** What goes out on an upstream connection: gathered for a turn of the event loop, then written as one. */
import type { Socket } from "node:net";
import { TurnQueue } from "../client/turn-queue.ts";

const FIRST_BLOCK_BYTES = 4 * 1024;
const LARGEST_BLOCK_BYTES = 64 * 1024;

const turns = new TurnQueue<TurnOutput>();

/**
 * While the socket has not taken what it was given, everything else is kept here: so it is known of every request whether any
 * byte of it can have left this process.
 */
export class TurnOutput {
  readonly #socket: Socket;
  /** Written to from front to back and never again: the socket may still hold what was written before. */
  #block: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  /** Blocks that became full before they were flushed. */
  #full: Buffer[] = [];
  #isQueued = false;
  #isBlocked = false;
  #isClosed = false;
  /** Bytes that were ever put in, and of these the ones that the socket was given. */
  queuedBytes = 0;
  flushedBytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("drain", () => {
      this.#isBlocked = false;
      this.flush();
    });
  }

  /** Bytes that the socket was not given yet. */
  get waitingBytes(): number {
    return this.queuedBytes - this.flushedBytes;
  }

  /** Makes room for `byteLength` bytes that the caller writes at once, into `block` from the offset that is returned. */
  reserve(byteLength: number): number {
    if (this.#end + byteLength > this.#block.length) this.#nextBlock(byteLength);
    const at = this.#end;
    this.#end += byteLength;
    this.queuedBytes += byteLength;
    if (!this.#isQueued && !this.#isBlocked) {
      this.#isQueued = true;
      turns.add(this);
    }
    return at;
  }

  get block(): Buffer {
    return this.#block;
  }

  append(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.#block.set(bytes, at);
  }

  takeTurn(): void {
    this.#isQueued = false;
    if (!this.#isBlocked) this.flush();
  }

  flush(): void {
    if (this.waitingBytes === 0 || this.#isClosed) return;
    const socket = this.#socket;
    this.flushedBytes = this.queuedBytes;
    const last = this.#block.subarray(this.#start, this.#end);
    this.#start = this.#end;
    if (this.#full.length === 0) {
      this.#isBlocked = !socket.write(last);
      return;
    }
    socket.cork();
    for (const block of this.#full) socket.write(block);
    this.#full = [];
    this.#isBlocked = !socket.write(last);
    socket.uncork();
  }

  /** Nothing is written any more. */
  close(): void {
    this.#isClosed = true;
  }

  #nextBlock(byteLength: number): void {
    if (this.#end > this.#start) this.#full.push(this.#block.subarray(this.#start, this.#end));
    const grown = Math.min(LARGEST_BLOCK_BYTES, Math.max(FIRST_BLOCK_BYTES, this.#block.length * 2));
    this.#block = Buffer.allocUnsafeSlow(Math.max(grown, byteLength));
    this.#start = 0;
    this.#end = 0;
  }
}

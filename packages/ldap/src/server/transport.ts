/** The socket of one connection: gathers what is written, knows how far the client is behind, and becomes TLS. */
import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import type { BerWriter } from "../ber/writer.ts";
import { FLUSH_BYTES, type OutputPool } from "./output-pool.ts";
import type { TlsState } from "./session.ts";

/** How much one connection writes before others get their turn. */
const TURN_BYTES = 256 * 1024;

export interface TransportOwner {
  received(chunk: Uint8Array): void;
  /** The TLS handshake is complete. */
  secured(state: TlsState): void;
  tlsFailed(error: Error): void;
  /** The client took all that waited for it. */
  caughtUp(): void;
  /** The client has closed its side. */
  ended(): void;
  /** Exactly once, last. */
  closed(): void;
}

export class Transport {
  readonly #owner: TransportOwner;
  readonly #pool: OutputPool;
  readonly #maxPendingWriteBytes: number;
  #socket: Socket;
  #output: BerWriter | undefined;
  #secure = false;
  #writtenThisTurn = 0;
  /** Settles the promises of `drained`. */
  #waiting: (() => void)[] | undefined;
  /** Bytes the client had taken when `isStalled` last saw it take some, and when that was. */
  #takenBytes = 0;
  #takenAtMs = 0;
  #plainBytesRead = 0;
  #plainBytesWritten = 0;

  constructor(socket: Socket, owner: TransportOwner, pool: OutputPool, maxPendingWriteBytes: number) {
    this.#socket = socket;
    this.#owner = owner;
    this.#pool = pool;
    this.#maxPendingWriteBytes = maxPendingWriteBytes;
  }

  /** Begins to read. `secureContext`: with a TLS handshake first. */
  open(secureContext: SecureContext | undefined): void {
    if (secureContext === undefined) this.#attach(this.#socket);
    else this.startTls(secureContext);
  }

  get bytesRead(): number {
    return this.#plainBytesRead + this.#socket.bytesRead;
  }

  get bytesWritten(): number {
    return this.#plainBytesWritten + this.#socket.bytesWritten;
  }

  /** Whether more waits for the client than it may leave unread. */
  get isCongested(): boolean {
    return this.#socket.writableLength >= this.#maxPendingWriteBytes;
  }

  /** Whether a long answer may go on: the client is not behind, and others have not waited long for their turn. */
  get writable(): boolean {
    return !this.isCongested && this.#writtenThisTurn < TURN_BYTES;
  }

  /** The writer that the next response goes to. Call `written` after each. */
  get writer(): BerWriter {
    this.#output ??= this.#pool.acquire(this.#writtenThisTurn >= FLUSH_BYTES);
    return this.#output;
  }

  written(): void {
    if (this.#output !== undefined && this.#output.length >= FLUSH_BYTES) this.flush();
  }

  /** Hands what was gathered to the socket. `onWritten`: once the socket has passed it on, when there was something. */
  flush(onWritten?: () => void): void {
    const writer = this.#output;
    if (writer === undefined) return;
    this.#output = undefined;
    const socket = this.#socket;
    const length = writer.length;
    this.#writtenThisTurn += length;
    if (this.#secure || socket.writableLength > 0) {
      // These bytes will wait, so they wait in a buffer of their own size.
      socket.write(Buffer.from(writer.buffer.subarray(0, length)), onWritten);
      this.#pool.release(writer);
      return;
    }
    socket.write(Buffer.from(writer.buffer.buffer as ArrayBuffer, writer.buffer.byteOffset, length), onWritten);
    // With nothing left waiting the kernel has its copy; otherwise the buffer now belongs to the socket.
    if (socket.writableLength === 0) this.#pool.release(writer);
  }

  /** Begins a new turn: `writable` counts from here. */
  beginTurn(): void {
    this.#writtenThisTurn = 0;
  }

  /** Resolves when `writable` may be true again; at once when the socket is gone. */
  drained(): Promise<void> {
    this.flush();
    return new Promise((resolve) => {
      if (this.#socket.destroyed) resolve();
      else if (this.#socket.writableNeedDrain) {
        this.#waiting ??= [];
        this.#waiting.push(resolve);
      } else {
        setImmediate(() => {
          this.beginTurn();
          resolve();
        });
      }
    });
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Whether bytes have waited for the client since `timeoutMs` and it took none. To be asked now and then. */
  isStalled(nowMs: number, timeoutMs: number): boolean {
    const pending = this.#socket.writableLength;
    const taken = this.#socket.bytesWritten - pending;
    if (pending === 0 || taken !== this.#takenBytes || this.#takenAtMs === 0) {
      this.#takenBytes = taken;
      this.#takenAtMs = nowMs;
      return false;
    }
    return nowMs - this.#takenAtMs > timeoutMs;
  }

  /** Sends what was gathered and ends this side; what the client still sends is read and dropped until it closes. */
  end(): void {
    this.flush();
    this.#settleWaiting();
    this.#socket.end();
    this.#socket.resume();
  }

  /** Sends what was gathered and closes, without waiting for the client to close too. */
  finish(): void {
    this.flush();
    if (!this.#secure && this.#socket.writableLength === 0) this.#socket.destroy();
    else this.#socket.destroySoon();
  }

  /** Sends what the kernel takes at once and closes. */
  destroy(): void {
    this.flush();
    this.#socket.destroy();
  }

  /** Begins a TLS handshake as the server. What the client sends from here on is TLS or it fails. */
  startTls(secureContext: SecureContext): void {
    const plain = this.#socket;
    this.#detach(plain);
    // The TLS socket destroys the plain one and reports what happened to it.
    plain.on("error", ignore);
    this.#plainBytesRead = plain.bytesRead;
    this.#plainBytesWritten = plain.bytesWritten;
    const socket = new TLSSocket(plain, { isServer: true, secureContext });
    this.#secure = true;
    socket.once("secure", () => {
      this.#owner.secured({
        protocol: socket.getProtocol() ?? "",
        cipher: socket.getCipher()?.standardName ?? "",
      });
    });
    // Node reports a failure after the handshake by this event alone unless a tls.Server owns the socket.
    socket.on("_tlsError", (error: Error) => {
      this.#owner.tlsFailed(error);
      socket.destroy();
    });
    this.#attach(socket);
  }

  #attach(socket: Socket): void {
    this.#socket = socket;
    socket.on("data", this.#onData);
    socket.on("drain", this.#onDrain);
    socket.on("end", this.#onEnd);
    // A reset or a broken pipe is how many clients leave; "close" follows.
    socket.on("error", ignore);
    socket.on("close", this.#onClose);
  }

  #detach(socket: Socket): void {
    socket.off("data", this.#onData);
    socket.off("drain", this.#onDrain);
    socket.off("end", this.#onEnd);
    socket.off("close", this.#onClose);
  }

  readonly #onData = (chunk: Uint8Array) => this.#owner.received(chunk);

  readonly #onDrain = () => {
    this.beginTurn();
    this.#settleWaiting();
    this.#owner.caughtUp();
  };

  readonly #onEnd = () => this.#owner.ended();

  readonly #onClose = () => {
    this.#settleWaiting();
    if (this.#output !== undefined) this.#pool.release(this.#output);
    this.#output = undefined;
    this.#owner.closed();
  };

  #settleWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) for (const resolve of waiting) resolve();
  }
}

function ignore(): void {}

/** The socket of one client: gathers what is written, knows how far the client is behind, and becomes TLS. */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { certificateSubject } from "./certificate-subject.ts";
import type { ClientTls } from "./client-transport.ts";
import type { HandshakeSettings } from "./listener-tls.ts";
import { largeBytes, type OutputBuffers } from "./output-buffers.ts";

/** How long a connection says nothing before the kernel asks whether its other end is still there. */
const keepAliveDelayMs = 60_000;

export interface ClientSocketOwner {
  received(chunk: Uint8Array): void;
  /** The TLS handshake is complete. `refusal`: the client's certificate is not accepted. */
  secured(tls: ClientTls, refusal: Error | undefined): void;
  tlsFailed(error: Error): void;
  /** The client took all that waited for it. */
  caughtUp(): void;
  /** The client has closed its side. */
  ended(): void;
  /** Exactly once, last. */
  closed(): void;
}

export class ClientSocket {
  readonly #owner: ClientSocketOwner;
  readonly #buffers: OutputBuffers;
  #socket: Socket;
  #isTls = false;
  /** Output of this turn: `#output[0, #outputLength)`. */
  #output: Buffer | undefined;
  #outputLength = 0;
  /** Bytes the client had taken when `isStalled` last saw it take some, and when that was. */
  #takenBytes = 0;
  #takenAtMs = 0;
  #plainBytesRead = 0;
  #plainBytesWritten = 0;

  constructor(socket: Socket, owner: ClientSocketOwner, buffers: OutputBuffers) {
    this.#owner = owner;
    this.#buffers = buffers;
    this.#attach(socket);
    this.#socket = socket;
  }

  get bytesRead(): number {
    return this.#plainBytesRead + this.#socket.bytesRead;
  }

  get bytesWritten(): number {
    return this.#plainBytesWritten + this.#socket.bytesWritten;
  }

  get localAddress(): string {
    return this.#socket.localAddress ?? "";
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  /** What was written and the client has not taken. */
  get pendingBytes(): number {
    return this.#outputLength + this.#socket.writableLength;
  }

  /** Copies `bytes[start, end)`, to be sent with `flush`. */
  write(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const count = Math.min(end - at, largeBytes - this.#outputLength);
      const output = this.#room(count);
      output.set(at === 0 && count === bytes.length ? bytes : bytes.subarray(at, at + count), this.#outputLength);
      this.#outputLength += count;
      at += count;
      if (this.#outputLength === largeBytes) this.flush();
    }
  }

  /** Hands what was gathered to the socket. `onWritten`: once the socket has passed it on. */
  flush(onWritten?: (error?: Error | null) => void): void {
    const output = this.#output;
    if (output === undefined) return;
    const length = this.#outputLength;
    this.#output = undefined;
    this.#outputLength = 0;
    const socket = this.#socket;
    if (this.#isTls || socket.writableLength > 0) {
      // These bytes will wait, so they wait in a buffer of their own size.
      socket.write(Buffer.from(output.subarray(0, length)), onWritten);
      this.#buffers.release(output);
      return;
    }
    socket.write(output.subarray(0, length), onWritten);
    // With nothing left waiting the kernel has its copy; otherwise the buffer now belongs to the socket.
    if (socket.writableLength === 0) this.#buffers.release(output);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** For a connection that has come to stay: most are gone before it would make a difference. */
  keepAlive(): void {
    this.#socket.setKeepAlive(true, keepAliveDelayMs);
  }

  /** Whether bytes have waited for the client for more than `timeoutMs` and it took none. To be asked now and then. */
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
    this.#socket.end();
    this.#socket.resume();
  }

  /** Sends what the kernel takes at once and closes. */
  destroy(): void {
    this.flush();
    this.#socket.destroy();
  }

  /** Begins a TLS handshake as the server. `beginning`: bytes of it that have been read already. */
  startTls({ secureContext, clientCertificate }: HandshakeSettings, beginning?: Uint8Array): void {
    const plain = this.#socket;
    this.#detach(plain);
    // The TLS socket destroys the plain one and reports what happened to it.
    plain.on("error", ignore);
    if (beginning !== undefined && beginning.length > 0) {
      // The TLS socket begins with what the plain one holds.
      plain.pause();
      plain.unshift(beginning);
    }
    this.#plainBytesRead = plain.bytesRead;
    this.#plainBytesWritten = plain.bytesWritten;
    const requestCert = clientCertificate !== undefined;
    const socket = new TLSSocket(plain, { isServer: true, secureContext, requestCert, rejectUnauthorized: false });
    this.#isTls = true;
    this.#takenAtMs = 0;
    socket.once("secure", () => {
      const refusal = requestCert ? certificateRefusal(socket, clientCertificate) : undefined;
      const subject = requestCert && refusal === undefined ? subjectOf(socket) : undefined;
      const tls: ClientTls = {
        protocol: socket.getProtocol() ?? "",
        cipher: socket.getCipher()?.standardName ?? "",
        ...(subject !== undefined && { clientSubject: subject }),
      };
      this.#owner.secured(tls, refusal);
    });
    // Node reports a failure after the handshake by this event alone unless a tls.Server owns the socket.
    socket.on("_tlsError", (error: Error) => {
      this.#owner.tlsFailed(error);
      socket.destroy();
    });
    this.#attach(socket);
    this.#socket = socket;
  }

  #room(count: number): Buffer {
    const needed = this.#outputLength + count;
    const output = this.#output;
    if (output !== undefined && needed <= output.length) return output;
    const larger = this.#buffers.acquire(needed);
    if (output !== undefined) {
      larger.set(output.subarray(0, this.#outputLength));
      this.#buffers.release(output);
    }
    this.#output = larger;
    return larger;
  }

  #attach(socket: Socket): void {
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

  readonly #onDrain = () => this.#owner.caughtUp();

  readonly #onEnd = () => this.#owner.ended();

  readonly #onClose = () => {
    if (this.#output !== undefined) this.#buffers.release(this.#output);
    this.#output = undefined;
    this.#outputLength = 0;
    this.#owner.closed();
  };
}

/** What OpenSSL found about the peer's certificate. Node reads it for sockets of a `tls.Server` only. */
interface PeerVerification {
  readonly ssl?: { verifyError?(): Error | null };
}

/**
 * Why a client's certificate is not accepted. Its absence is looked at first: of a resumed session without one, OpenSSL says
 * that all is well, and a refused client has been given the means to resume.
 */
function certificateRefusal(socket: TLSSocket, wanted: "optional" | "required"): Error | undefined {
  if (socket.getPeerX509Certificate() === undefined) {
    return wanted === "required" ? new Error("a client certificate is required") : undefined;
  }
  const { ssl } = socket as PeerVerification;
  const error = ssl?.verifyError === undefined ? new Error("it could not be verified") : ssl.verifyError();
  return error === null ? undefined : new Error(`the client certificate is not accepted: ${error.message}`);
}

function subjectOf(socket: TLSSocket): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? undefined : certificateSubject(certificate);
}

function ignore(): void {}

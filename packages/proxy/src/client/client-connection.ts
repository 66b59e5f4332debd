/** One client's connection, from the accepted socket to its end: PROXY header, TLS, messages in, output. RFC 4511 §4.1.1, §4.4.1, §4.14. */
import type { Socket } from "node:net";
import { encodeMessage, noticeOfDisconnection, ParseError, ResultCode } from "@espalier/ldap";
import type { Frame } from "../frame/frame.ts";
import { FrameReader, type FrameReaderOwner } from "../frame/frame-reader.ts";
import type { ClientContext } from "./client-context.ts";
import type { ClientSession } from "./client-session.ts";
import { ClientSocket, type ClientSocketOwner } from "./client-socket.ts";
import type { ClientCloseReason, ClientTls, ClientTransport } from "./client-transport.ts";
import { type ProxyHeader, ProxyHeaderError } from "./proxy-header.ts";
import { ProxyHeaderReader } from "./proxy-header-reader.ts";

/** What a closing connection still gets: time for the client to read the notice and to close. */
const closingTimeoutMs = 5_000;
/** A connection this old has come to stay: the kernel is to find out when its client vanishes. */
const keepAliveAgeMs = 30_000;

const shuttingDown = "the server is shutting down";
export const tooManyConnections = "too many connections; try again later";

/** Where a connection came in. */
export interface AcceptedBy {
  /** As configured: `ldaps://0.0.0.0:636`. */
  readonly listener: string;
  /** TLS from the first byte. */
  readonly isSecure: boolean;
  /** Whether its PROXY header comes first. */
  readonly hasProxyHeader: boolean;
}

/**
 * `proxyHeader` → `handshake` → `open` → `closing` → `closed`, the first two where the listener has them; StartTLS goes back
 * from `open` to `handshake`. In `closing` nothing that arrives is looked at and all that goes out has been written; `closed`
 * is when the socket is gone.
 */
type ConnectionPhase = "proxyHeader" | "handshake" | "open" | "closing" | "closed";

export class ClientConnection implements ClientTransport, ClientSocketOwner, FrameReaderOwner {
  readonly id: number;
  readonly listener: string;
  readonly openedAt = Date.now();
  address: string;
  port: number;
  via: string | undefined;
  tls: ClientTls | undefined;
  readonly #context: ClientContext;
  readonly #isSecure: boolean;
  readonly #socket: ClientSocket;
  readonly #reader = new FrameReader(this);
  /** From when its first message may arrive. */
  #session: ClientSession | undefined;
  #isSessionClosed = false;
  #proxyHeader: ProxyHeaderReader | undefined;
  /** What the header says of where the client connected to. */
  #destination: { readonly address: string; readonly port: number } | undefined;
  /** What it is counted for. */
  #admittedAddress: string | undefined;

  #phase: ConnectionPhase = "open";
  /** When the phase began, on the sweeper's clock; so is all other time here. */
  #phaseSinceMs: number;
  #closeReason: ClientCloseReason | undefined;
  #error: Error | undefined;
  #lastActiveMs: number;
  #isKeptAlive = false;
  /** No further frame is delivered, and the notice goes out when nothing is outstanding. */
  #isDraining = false;
  /** It was congested and has not taken all since. */
  #isBehind = false;
  /** Whether it waits in the queue of turns. */
  #isScheduled = false;
  #isReading = false;
  /** What has arrived and may not be delivered yet. While there is some, the socket is not read. */
  #heldBytes: Uint8Array | undefined;
  #startTlsResponse: Uint8Array | undefined;

  constructor(context: ClientContext, socket: Socket, id: number, address: string, by: AcceptedBy) {
    this.#context = context;
    this.id = id;
    this.address = address;
    this.port = socket.remotePort ?? 0;
    this.listener = by.listener;
    this.#isSecure = by.isSecure;
    this.#phaseSinceMs = this.#lastActiveMs = context.nowMs;
    if (by.hasProxyHeader) {
      this.#phase = "proxyHeader";
      this.#proxyHeader = new ProxyHeaderReader();
    }
    this.#socket = new ClientSocket(socket, this, context.buffers);
  }

  /** Goes as far as it goes without a byte of the client. */
  begin(): void {
    if (this.#phase === "open") this.#identified(undefined);
  }

  // Who the client is.

  get localAddress(): string {
    return this.#destination?.address ?? this.#socket.localAddress;
  }

  get localPort(): number {
    return this.#destination?.port ?? this.#socket.localPort;
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  get bytesWritten(): number {
    return this.#socket.bytesWritten;
  }

  #readProxyHeader(chunk: Uint8Array): void {
    let header: ProxyHeader | undefined;
    try {
      header = this.#proxyHeader!.read(chunk);
    } catch (error) {
      if (!(error instanceof ProxyHeaderError)) throw error;
      this.#error = error;
      this.#drop("proxyHeader");
      return;
    }
    if (header === undefined) return;
    const rest = this.#proxyHeader!.rest;
    this.#proxyHeader = undefined;
    const { endpoints } = header;
    if (endpoints !== undefined) {
      this.via = this.address;
      this.address = endpoints.source.address;
      this.port = endpoints.source.port;
      this.#destination = endpoints.destination;
    }
    this.#identified(rest);
  }

  /** Its address is known. `rest`: bytes behind the PROXY header. */
  #identified(rest: Uint8Array | undefined): void {
    if (!this.#context.admitAddress(this.address)) {
      if (!this.#isSecure) this.#writeNotice(ResultCode.unavailable, tooManyConnections);
      this.#drop("tooManyConnectionsOfAddress");
      return;
    }
    this.#admittedAddress = this.address;
    if (!this.#isSecure) {
      this.#open();
      if (rest !== undefined && rest.length > 0) this.received(rest);
      return;
    }
    this.#enter("handshake");
    // An ldaps listener is not there without a certificate.
    this.#socket.startTls(this.#context.handshake!, rest);
  }

  #open(): void {
    this.#enter("open");
    this.#context.observer.connectionOpened?.(this);
    this.#session = this.#context.session(this);
  }

  // What arrives.

  received(chunk: Uint8Array): void {
    this.#lastActiveMs = this.#context.nowMs;
    if (this.#phase === "open") this.#consume(chunk);
    else if (this.#phase === "proxyHeader") this.#readProxyHeader(chunk);
  }

  #consume(chunk: Uint8Array): void {
    let at: number;
    this.#isReading = true;
    try {
      at = this.#reader.read(chunk, this.#context.nowMs);
    } catch (error) {
      this.#violation(error);
      return;
    } finally {
      this.#isReading = false;
    }
    if (at < chunk.length && this.#phase === "open") {
      this.#heldBytes = chunk.subarray(at);
      this.#socket.pause();
    }
    if (this.#startTlsResponse !== undefined) this.#upgrade();
  }

  get mayRead(): boolean {
    return (
      this.#phase === "open" &&
      !this.#isDraining &&
      this.#startTlsResponse === undefined &&
      this.#session!.mayReceive &&
      !this.isCongested
    );
  }

  get maxMessageBytes(): number {
    const { limits } = this.#context;
    return this.#session!.isAuthenticated ? limits.maxMessageBytes : limits.maxAnonymousMessageBytes;
  }

  accept(frame: Frame): void {
    this.#session!.received(frame);
  }

  resume(): void {
    if (!this.#isReading && this.#heldBytes !== undefined) this.#schedule();
  }

  /** Its turn in the queue: goes on with what had to wait, and sends what was gathered. */
  takeTurn(): void {
    this.#isScheduled = false;
    if (this.#phase !== "open") {
      this.#closeSession();
      return;
    }
    this.#deliverHeld();
    this.#socket.flush();
    if (this.#isBehind && this.#socket.pendingBytes === 0) this.caughtUp();
    this.#endWhenDrained();
  }

  #deliverHeld(): void {
    const bytes = this.#heldBytes;
    if (this.#startTlsResponse !== undefined) this.#upgrade();
    else if (bytes !== undefined && this.mayRead) {
      this.#heldBytes = undefined;
      this.#consume(bytes);
      if (this.#heldBytes === undefined && this.#phase === "open") this.#socket.resume();
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#context.turns.add(this);
  }

  // What goes out.

  write(bytes: Uint8Array, start = 0, end = bytes.length): void {
    if (this.#phase !== "open") return;
    if (this.#socket.pendingBytes >= this.#context.limits.maxPendingBytes) {
      this.#drop("slowClient");
      return;
    }
    this.#socket.write(bytes, start, end);
    this.#lastActiveMs = this.#context.nowMs;
    if (this.isCongested) this.#isBehind = true;
    this.#schedule();
  }

  get pendingBytes(): number {
    return this.#socket.pendingBytes;
  }

  get isCongested(): boolean {
    return this.#socket.pendingBytes >= this.#context.limits.maxPendingBytes / 4;
  }

  caughtUp(): void {
    if (this.#phase !== "open" || !this.#isBehind) return;
    this.#isBehind = false;
    this.#session!.caughtUp();
    this.#deliverHeld();
  }

  // TLS.

  get canStartTls(): boolean {
    return this.#phase === "open" && !this.#isSecure && this.tls === undefined && this.#context.handshake !== undefined;
  }

  startTls(response: Uint8Array): void {
    if (!this.canStartTls)
      throw new Error("StartTLS needs a connection in clear text and a certificate: see canStartTls");
    this.#startTlsResponse = response;
    if (!this.#isReading) this.#schedule();
  }

  #upgrade(): void {
    const response = this.#startTlsResponse!;
    const { handshake } = this.#context;
    if (this.#heldBytes !== undefined || this.#reader.partialSinceMs !== undefined) {
      // They came in clear text: anybody on the way may have put them there, to be taken for the encrypted session's.
      this.#violation(new ParseError("ERR_MESSAGE", "bytes follow the StartTLS request before its response"));
      return;
    }
    this.#socket.write(response, 0, response.length);
    this.#startTlsResponse = undefined;
    this.#enter("handshake");
    this.#socket.pause();
    this.#socket.flush((error) => {
      if (!error && this.#phase === "handshake") this.#socket.startTls(handshake!);
    });
  }

  secured(tls: ClientTls, refusal: Error | undefined): void {
    if (this.#phase !== "handshake") return;
    this.#lastActiveMs = this.#context.nowMs;
    this.tls = tls;
    if (refusal !== undefined) {
      this.#tlsError(refusal);
      this.disconnect("tlsError", ResultCode.strongerAuthRequired, refusal.message);
    } else if (this.#session === undefined) this.#open();
    else {
      this.#enter("open");
      this.#context.observer.connectionSecured?.(this);
    }
  }

  tlsFailed(error: Error): void {
    this.#tlsError(error);
    this.#leave("tlsError");
  }

  #tlsError(error: Error): void {
    this.#error ??= error;
    if (this.#session !== undefined) this.#context.observer.protocolError?.(this, error);
  }

  // The end.

  disconnect(reason: ClientCloseReason, resultCode: number, text: string): void {
    const isReadable = this.#phase === "open" || (this.#phase === "handshake" && this.tls !== undefined);
    if (!this.#leave(reason)) return;
    if (isReadable) {
      this.#writeNotice(resultCode, text);
      this.#socket.end();
    } else this.#socket.destroy();
  }

  destroy(reason: ClientCloseReason): void {
    this.#drop(reason);
  }

  /** Finishes what the client has asked and sends it a notice of disconnection; see `ClientSession.drain`. */
  drain(): void {
    if (this.#phase !== "open") this.#drop("drained");
    else if (!this.#isDraining) {
      this.#isDraining = true;
      this.#session!.drain();
      this.#endWhenDrained();
    }
  }

  /** Nothing is outstanding, and for `quietMs` the client has neither asked nor been answered anything. */
  isQuiet(quietMs: number): boolean {
    return (
      this.#phase === "open" && !this.#session!.hasOutstanding && this.#context.nowMs - this.#lastActiveMs >= quietMs
    );
  }

  /** Closes at once, with a notice if the client can take it at once. */
  cutOff(): void {
    if (this.#phase === "open") this.#writeNotice(ResultCode.unavailable, shuttingDown);
    this.#drop("cutOff");
  }

  /** Ends what has taken longer than the limits allow. To be called now and then. */
  sweep(): void {
    const { limits, nowMs } = this.#context;
    const phaseMs = nowMs - this.#phaseSinceMs;
    switch (this.#phase) {
      case "proxyHeader":
        if (phaseMs > limits.proxyHeaderTimeoutMs) this.#drop("proxyHeaderTimeout");
        return;
      case "handshake":
        if (phaseMs > limits.tlsHandshakeTimeoutMs) this.#drop("tlsHandshakeTimeout");
        return;
      case "closing":
        if (phaseMs > closingTimeoutMs) this.#socket.destroy();
        return;
      case "open":
        this.#sweepOpen(nowMs, phaseMs);
    }
  }

  #sweepOpen(nowMs: number, phaseMs: number): void {
    const { limits } = this.#context;
    const { hasOutstanding, isAuthenticated } = this.#session!;
    // What is held back here is not the client's to hurry.
    const partialSinceMs = this.#heldBytes === undefined ? this.#reader.partialSinceMs : undefined;
    const isMessageLate = partialSinceMs !== undefined && nowMs - partialSinceMs > limits.messageTimeoutMs;
    const idleTimeoutMs = isAuthenticated ? limits.idleTimeoutMs : limits.anonymousIdleTimeoutMs;
    if (!this.#isKeptAlive && phaseMs > keepAliveAgeMs) {
      this.#isKeptAlive = true;
      this.#socket.keepAlive();
    }
    if (limits.writeTimeoutMs > 0 && this.#socket.isStalled(nowMs, limits.writeTimeoutMs)) {
      this.#drop("writeTimeout");
    } else if (limits.messageTimeoutMs > 0 && isMessageLate) {
      const text = "a message was begun and not completed in time";
      this.disconnect("messageTimeout", ResultCode.protocolError, text);
    } else if (idleTimeoutMs > 0 && !hasOutstanding && nowMs - this.#lastActiveMs > idleTimeoutMs) {
      this.disconnect("idleTimeout", ResultCode.unavailable, "the session was idle for too long");
    } else this.#endWhenDrained();
  }

  #endWhenDrained(): void {
    if (!this.#isDraining || this.#phase !== "open" || this.#session!.hasOutstanding) return;
    this.disconnect("drained", ResultCode.unavailable, shuttingDown);
  }

  /** A client that has closed its side is gone: LDAP has no use for half a connection. */
  ended(): void {
    this.#drop("client");
  }

  closed(): void {
    this.#leave("client");
    this.#enter("closed");
    this.#closeSession();
    const { observer } = this.#context;
    const reason = this.#closeReason ?? "client";
    if (this.#session !== undefined) observer.connectionClosed?.(this, reason);
    else this.#context.refused(this.address, this.listener, reason, this.#error);
    this.#context.closed(this, this.#admittedAddress);
  }

  #violation(error: unknown): void {
    const { observer } = this.#context;
    if (error instanceof ParseError) {
      observer.protocolError?.(this, error);
      this.disconnect("protocolError", ResultCode.protocolError, error.message);
    } else {
      observer.sessionError?.(this, error);
      this.disconnect("session", ResultCode.other, "an internal error; the log of the proxy says more");
    }
  }

  #writeNotice(resultCode: number, text: string): void {
    const notice = encodeMessage(noticeOfDisconnection(resultCode, text));
    this.#socket.write(notice, 0, notice.length);
  }

  #drop(reason: ClientCloseReason): void {
    this.#leave(reason);
    this.#socket.destroy();
  }

  /** Goes to `closing`; false when that had happened before. The first reason is the one told. */
  #leave(reason: ClientCloseReason): boolean {
    if (this.#phase === "closing" || this.#phase === "closed") return false;
    this.#closeReason ??= reason;
    this.#enter("closing");
    this.#heldBytes = undefined;
    this.#startTlsResponse = undefined;
    this.#reader.reset();
    if (this.#session !== undefined) this.#schedule();
    return true;
  }

  #closeSession(): void {
    if (this.#session === undefined || this.#isSessionClosed) return;
    this.#isSessionClosed = true;
    this.#session.closed();
  }

  #enter(phase: ConnectionPhase): void {
    this.#phase = phase;
    this.#phaseSinceMs = this.#context.nowMs;
  }
}

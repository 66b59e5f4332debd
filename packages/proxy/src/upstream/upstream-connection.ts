/** One established connection to a backend: message ids, and whose answer each message is. RFC 4511 §4.1.1, §4.11, §5. */
import type { Socket } from "node:net";
import {
  type Control,
  decodeMessage,
  encodeMessage,
  isNoticeOfDisconnection,
  type LdapMessage,
  type LdapResult,
  OpTag,
  ParseError,
  type RequestOp,
  type ResponseOp,
  ResultCode,
  resultCodeName,
} from "@espalier/ldap";
import { withControl } from "../frame/controls.ts";
import { putMessageId } from "../frame/envelope.ts";
import type { Frame } from "../frame/frame.ts";
import { FrameReader } from "../frame/frame-reader.ts";
import { idWidth, withMessageId } from "../frame/message-id.ts";
import { peekResultCode } from "../frame/peek.ts";
import type { ConnectionIdentity } from "./connection-identity.ts";
import type { Latency } from "./latency.ts";
import { finalTags, isIntermediate, OutstandingRequests, type UpstreamRequest } from "./outstanding-requests.ts";
import type { ResponseReceiver, UpstreamLost } from "./response-receiver.ts";
import { type SilenceLimits, SilenceWatch } from "./silence-watch.ts";
import { TurnOutput } from "./turn-output.ts";
import { UpstreamBusy, UpstreamUnavailable } from "./upstream-error.ts";

/** The whole answer to a request of the proxy's own. */
export interface UpstreamAnswer {
  /** Entries, references and intermediate responses, in order. */
  readonly before: readonly ResponseOp[];
  readonly result: ResponseOp & LdapResult;
  readonly controls: readonly Control[];
}

/** The pool that a connection belongs to. */
export interface UpstreamConnectionOwner {
  readonly latency: Latency;
  /** Requests outstanding on all its connections. */
  outstanding: number;
  /** One request less is outstanding: it was answered, or abandoned. */
  requestEnded(connection: UpstreamConnection, isAnswered: boolean): void;
  /** A bind is not answered for some time: whether the backend hangs must be found out elsewhere. `backendAnswered` if not. */
  bindSilent(connection: UpstreamConnection): void;
  /** Exactly once, before the receivers of outstanding requests hear of it. */
  closed(connection: UpstreamConnection, lost: UpstreamLost): void;
}

export interface UpstreamConnectionOptions {
  readonly backend: string;
  readonly maxMessageBytes: number;
  readonly silence: SilenceLimits;
}

/** The proxy's own requests take ids of two octets, and leave the few of one octet to those whose clients use them. */
const OWN_ID_WIDTH = 2;

/** So many ids of requests that were abandoned and never answered end a connection: each of them is lost to it. */
const MAX_ABANDONED = 64;

/** What may wait for a backend that does not read, before it is passed over. */
const CONGESTED_BYTES = 256 * 1024;

/**
 * After so much a connection rests for a turn: libuv alone would read two megabytes of a large result, which take tens of
 * milliseconds, before it looks at the next client.
 */
const RESTING_BYTES = 128 * 1024;

/** How long after our UnbindRequest the backend may take to close its side. */
const UNBIND_TIMEOUT_MS = 2_000;

/** Any answer will do, so it asks for no attribute. */
export const rootDseProbe: RequestOp = {
  type: "searchRequest",
  baseObject: "",
  scope: "baseObject",
  derefAliases: "neverDerefAliases",
  sizeLimit: 0,
  timeLimit: 0,
  typesOnly: false,
  filter: { type: "present", attribute: "objectClass" },
  attributes: ["1.1"],
};

/** What is not answered at all for so long waits for something to happen: a persistent search. It says nothing about speed. */
const LONGEST_TIMED_MS = 10_000;

let lastConnectionId = 0;

/**
 * Open from its construction: the socket is connected, and secured where that is wanted. Open → retiring (`retire`) → closed,
 * or from either to closed at once (`destroy`, or the backend ends it).
 */
export class UpstreamConnection {
  /** Unique in this process. */
  readonly id = ++lastConnectionId;
  readonly backend: string;
  /** Of `performance.now()`. */
  readonly openedAtMs = performance.now();
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Whose authorization it has. Whoever binds on it keeps it true: "unknown" from before the bind until its answer. */
  identity: ConnectionIdentity = { kind: "anonymous" };
  /** Whether one holder has it alone. The pool keeps this. */
  isExclusive = false;
  /** For the holder of a lease: the connection ended. Outstanding requests hear of it on their own, after this. */
  onClose: ((lost: UpstreamLost) => void) | undefined;
  /** For the holder of a lease: the connection is to end, and does when it is given back. */
  onRetire: (() => void) | undefined;
  /** For the holder of a lease: an unsolicited notification (message id 0) other than the notice of disconnection. */
  onUnsolicited: ((frame: Frame) => void) | undefined;

  readonly maxMessageBytes: number;
  readonly #socket: Socket;
  readonly #owner: UpstreamConnectionOwner;
  readonly #output: TurnOutput;
  readonly #reader = new FrameReader(this);
  readonly #requests = new OutstandingRequests();
  readonly #watch: SilenceWatch;
  #lost: UpstreamLost | undefined;
  #isRetiring = false;
  #isLane = false;
  #isPaused = false;
  /** Received since it last rested. */
  #unrestedBytes = 0;
  /** What arrived while paused. */
  #unread: Uint8Array | undefined;
  #bind: UpstreamRequest | undefined;
  #probe: UpstreamRequest | undefined;
  /** The request whose answer is timed, one after the other, and since when. */
  #timed: UpstreamRequest | undefined;
  #timedSinceMs = 0;

  constructor(socket: Socket, owner: UpstreamConnectionOwner, options: UpstreamConnectionOptions) {
    this.#socket = socket;
    this.#owner = owner;
    this.backend = options.backend;
    this.maxMessageBytes = options.maxMessageBytes;
    this.remoteAddress = socket.remoteAddress ?? "";
    this.remotePort = socket.remotePort ?? 0;
    this.#output = new TurnOutput(socket);
    this.#watch = new SilenceWatch(options.silence, this.openedAtMs);
    socket.on("data", (chunk: Uint8Array) => this.#received(chunk));
    socket.on("end", () => this.#ended("it closed the connection"));
    socket.on("error", (error) => this.#ended(error.message));
    socket.on("close", () => this.#ended("the connection was closed"));
  }

  /** Requests that await their final response. Abandoned ones and probes are not among them. */
  get outstandingCount(): number {
    return this.#requests.count;
  }

  get isOpen(): boolean {
    return this.#lost === undefined;
  }

  /** Why it ended; `undefined` while it is open. */
  get lost(): UpstreamLost | undefined {
    return this.#lost;
  }

  /** The pool gives it nothing new. It closes when nothing is outstanding; an exclusive one when it is given back. */
  get isRetiring(): boolean {
    return this.#isRetiring;
  }

  /** Takes no new shared requests until nothing is outstanding. */
  get isLane(): boolean {
    return this.#isLane;
  }

  get isBinding(): boolean {
    return this.#bind !== undefined;
  }

  /** Whether `pause()` delays nobody but the holder of the lease, or the one whose request is the only one outstanding. */
  get mayPause(): boolean {
    return this.isExclusive || (this.#isLane && this.#requests.count <= 1);
  }

  /** More waits for the backend than should: the pool passes it over. */
  get isCongested(): boolean {
    return this.#output.waitingBytes > CONGESTED_BYTES;
  }

  /** For the reader of frames. */
  get mayRead(): boolean {
    return !this.#isPaused && this.#lost === undefined;
  }

  /**
   * Sends a request under a fresh id and returns that id: of the same encoded width as the client's where one is free, so that
   * the ids of the answers can be overwritten in place. The frame is copied, and left as it is. `addedControl`: one Control,
   * encoded, to go behind those it has. Bytes gather and go out once a turn.
   *
   * @throws {UpstreamUnavailable} when it is not open.
   * @throws {Error} while a bind is outstanding, behind which nothing may be sent; for a bind while another request is; for
   *   requests that have no response.
   */
  send(frame: Frame, receiver: ResponseReceiver, addedControl?: Uint8Array): number {
    const request = this.#newRequest(frame.opTag, idWidth(frame.messageId), receiver);
    const { id } = request;
    if (addedControl !== undefined) this.#output.append(withControl(frame, id, addedControl));
    else if (idWidth(id) === frame.idLength) this.#appendUnderId(frame, id);
    else this.#output.append(withMessageId(frame, id));
    this.#began(request);
    return id;
  }

  /**
   * A request of the proxy's own. `identity` is left to the caller, also when it binds.
   *
   * @throws {UpstreamUnavailable} when there will be no answer.
   */
  request(op: RequestOp, controls: readonly Control[] = []): Promise<UpstreamAnswer> {
    return new Promise((resolve, reject) => {
      const before: ResponseOp[] = [];
      const receiver: ResponseReceiver = {
        response: (frame, isFinal) => {
          const message = this.#decode(frame, reject);
          if (!isFinal) before.push(message.protocolOp as ResponseOp);
          else resolve({ before, result: message.protocolOp as UpstreamAnswer["result"], controls: message.controls });
        },
        lost: (lost) => reject(new UpstreamUnavailable(lost)),
      };
      const request = this.#newRequest(OpTag[op.type], OWN_ID_WIDTH, receiver);
      this.#output.append(encodeMessage({ messageId: request.id, protocolOp: op, controls }));
      this.#began(request);
    });
  }

  /**
   * Sends an AbandonRequest (RFC 4511 §4.11) for a request that is outstanding; its receiver hears no more. A bind cannot be
   * abandoned: whose connection it is would not be known, so that is its end.
   */
  abandon(id: number): void {
    const request = this.#requests.get(id);
    if (request?.receiver === undefined) return;
    this.#requests.abandon(request);
    if (request === this.#timed) this.#timed = undefined;
    if (request === this.#bind) {
      this.#owner.outstanding--;
      this.destroy(this.#retired("nobody waits for the bind that was under way on the connection"));
      return;
    }
    // It has no response, so its id is free at once.
    const messageId = this.#requests.nextId(OWN_ID_WIDTH);
    const protocolOp = { type: "abandonRequest", messageId: id } as const;
    if (messageId !== 0) this.#output.append(encodeMessage({ messageId, protocolOp, controls: [] }));
    if (this.#requests.abandonedCount > MAX_ABANDONED) this.#isRetiring = true;
    this.#requestEnded(false);
  }

  /** For a large result: takes no new shared requests until nothing is outstanding, so that it may be paused. */
  makeLane(): void {
    this.#isLane = true;
  }

  /** Stops reading, where `mayPause`; returns whether it did. Reading goes on by itself once nothing is outstanding. */
  pause(): boolean {
    if (!this.mayPause || this.#lost !== undefined) return false;
    this.#isPaused = true;
    this.#socket.pause();
    return true;
  }

  resume(): void {
    if (!this.#isPaused || this.#lost !== undefined) return;
    this.#isPaused = false;
    this.#watch.restart(performance.now());
    const unread = this.#unread;
    this.#unread = undefined;
    if (unread !== undefined) this.#received(unread);
    if (!this.#isPaused) this.#socket.resume();
  }

  /** Ends it once nothing is outstanding. */
  retire(): void {
    this.#isRetiring = true;
    this.onRetire?.();
    this.#closeIfDone();
  }

  /** The holder of the lease has given it back. */
  released(): void {
    this.isExclusive = false;
    this.onClose = undefined;
    this.onRetire = undefined;
    this.onUnsolicited = undefined;
    this.resume();
    this.#closeIfDone();
  }

  /** Ends it at once; everything outstanding is lost. */
  destroy(lost: UpstreamLost): void {
    this.#close(lost);
    this.#socket.destroy();
  }

  /** To be called every `judgeIntervalMs`. */
  judge(nowMs: number): void {
    if (this.#lost !== undefined || this.#isPaused) return;
    if (this.#timed !== undefined && nowMs - this.#timedSinceMs > LONGEST_TIMED_MS) this.#timed = undefined;
    const verdict = this.#watch.judge(nowMs, {
      isOwed: this.#requests.count > 0,
      isProbing: this.#probe !== undefined,
      isBinding: this.#bind !== undefined,
    });
    if (verdict === "probe") this.#sendProbe(nowMs);
    else if (verdict === "askElsewhere") this.#owner.bindSilent(this);
    else if (verdict === "hung")
      this.destroy({ code: "ERR_UPSTREAM_HUNG", message: `${this.backend} does not answer` });
  }

  /** This process did not run, and could not hear, for so long. */
  forgiveSilence(durationMs: number): void {
    this.#watch.forgive(durationMs);
  }

  /** The bind that is under way takes its time: its backend was asked elsewhere, and works. */
  backendAnswered(nowMs: number): void {
    this.#watch.probeAnswered();
    this.#watch.restart(nowMs);
  }

  /** For the reader of frames. */
  accept(frame: Frame): void {
    if (frame.messageId === 0) {
      this.#receivedUnsolicited(frame);
      return;
    }
    const request = this.#requests.get(frame.messageId);
    if (request === undefined) {
      this.#violated("an answer to a request that is not outstanding");
      return;
    }
    if (request === this.#timed) {
      this.#timed = undefined;
      this.#owner.latency.observe(performance.now() - this.#timedSinceMs);
    }
    if (frame.opTag === request.finalTag) {
      this.#receivedFinal(request, frame);
    } else if (isIntermediate(request.opTag, frame.opTag)) {
      request.receiver?.response(frame, false);
    } else if (frame.opTag === OpTag.extendedResponse && peekResultCode(frame) !== ResultCode.success) {
      // Samba refuses so whatever has a critical control that it does not know.
      frame.bytes[frame.opStart] = request.finalTag;
      this.#receivedFinal(request, { ...frame, opTag: request.finalTag });
    } else {
      this.#violated(`a message with tag ${frame.opTag} in the answer to a request with tag ${request.opTag}`);
    }
  }

  #receivedFinal(request: UpstreamRequest, frame: Frame): void {
    const { receiver } = request;
    this.#requests.delete(request);
    if (request === this.#bind) {
      this.#bind = undefined;
      this.#requests.releaseAbandoned();
    } else if (request === this.#probe) {
      this.#probe = undefined;
      this.#watch.probeAnswered();
    }
    if (receiver === undefined) return;
    receiver.response(frame, true);
    this.#requestEnded(true);
  }

  #receivedUnsolicited(frame: Frame): void {
    const message = decodeMessage(frame.bytes, frame.start, frame.end);
    if (!isNoticeOfDisconnection(message)) {
      this.onUnsolicited?.(frame);
      return;
    }
    const { resultCode, diagnosticMessage } = message.protocolOp;
    this.#ended(`it sent a notice of disconnection (${resultCodeName(resultCode)}: ${diagnosticMessage})`);
  }

  #newRequest(opTag: number, width: number, receiver: ResponseReceiver | undefined): UpstreamRequest {
    if (this.#lost !== undefined) throw new UpstreamUnavailable(this.#lost);
    if (this.#bind !== undefined)
      throw new Error("A bind is outstanding on this connection: nothing is sent behind it");
    if (opTag === OpTag.bindRequest && this.#requests.count > 0) {
      throw new Error("Requests are outstanding on this connection: abandon them before a bind");
    }
    const finalTag = finalTags[opTag]!;
    if (finalTag === 0) throw new Error(`A message with tag ${opTag} has no response`);
    const id = this.#requests.nextId(width);
    if (id === 0) throw new UpstreamBusy(`No message id is free on a connection to ${this.backend}`);
    return { id, opTag, finalTag, position: this.#output.queuedBytes, receiver };
  }

  /** Its bytes are in the output. */
  #began(request: UpstreamRequest): void {
    this.#requests.add(request);
    this.#owner.outstanding++;
    this.#watch.isAsked = true;
    if (request.opTag === OpTag.bindRequest) {
      this.#bind = request;
      // The backend may drop what came before a bind.
      this.#probe = undefined;
    } else if (this.#timed === undefined) {
      this.#timed = request;
      this.#timedSinceMs = performance.now();
    }
  }

  #appendUnderId({ bytes, start, end, idStart, idLength }: Frame, id: number): void {
    const at = this.#output.reserve(end - start);
    const { block } = this.#output;
    block.set(end - start === bytes.length ? bytes : bytes.subarray(start, end), at);
    putMessageId(block, at + idStart - start, id, idLength);
  }

  #sendProbe(nowMs: number): void {
    const probe = this.#newRequest(OpTag.searchRequest, OWN_ID_WIDTH, undefined);
    this.#output.append(encodeMessage({ messageId: probe.id, protocolOp: rootDseProbe, controls: [] }));
    this.#requests.add(probe);
    this.#probe = probe;
    this.#watch.probed(nowMs);
  }

  #requestEnded(isAnswered: boolean): void {
    this.#owner.outstanding--;
    if (this.#requests.count === 0) {
      this.#isLane = false;
      this.resume();
    }
    this.#owner.requestEnded(this, isAnswered);
    this.#closeIfDone();
  }

  #received(chunk: Uint8Array): void {
    if (this.#lost !== undefined) return;
    this.#watch.isHeard = true;
    this.#unrestedBytes += chunk.length;
    if (this.#unrestedBytes >= RESTING_BYTES) this.#rest();
    const bytes = this.#unread === undefined ? chunk : Buffer.concat([this.#unread, chunk]);
    this.#unread = undefined;
    try {
      const stoppedAt = this.#reader.read(bytes);
      // A copy, since what comes next for any connection is received into the same buffer.
      if (stoppedAt < bytes.length && this.#isPaused) this.#unread = Buffer.from(bytes.subarray(stoppedAt));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      this.#violated(error.message);
    }
  }

  /** Until the next turn of the event loop: everything else that has arrived comes first. */
  #rest(): void {
    this.#unrestedBytes = 0;
    this.#socket.pause();
    setImmediate(() => {
      if (!this.#isPaused) this.#socket.resume();
    });
  }

  #decode(frame: Frame, reject: (error: Error) => void): LdapMessage {
    try {
      // Of a copy: the values of what is decoded are views, and outlive the receive buffer's contents.
      return decodeMessage(new Uint8Array(frame.bytes.subarray(frame.start, frame.end)));
    } catch (error) {
      reject(new UpstreamUnavailable(this.#violation((error as Error).message)));
      throw error;
    }
  }

  #violation(what: string): UpstreamLost {
    return { code: "ERR_UPSTREAM_PROTOCOL", message: `${this.backend} sent what is not LDAP: ${what}` };
  }

  #violated(what: string): void {
    this.destroy(this.#violation(what));
  }

  #ended(how: string): void {
    this.destroy({ code: "ERR_UPSTREAM_CLOSED", message: `The connection to ${this.backend} ended: ${how}` });
  }

  #retired(why: string): UpstreamLost {
    return { code: "ERR_UPSTREAM_RETIRED", message: `The connection to ${this.backend} was closed: ${why}` };
  }

  #closeIfDone(): void {
    if (!this.#isRetiring || this.isExclusive || this.#lost !== undefined || this.#requests.count > 0) return;
    const messageId = this.#requests.nextId(OWN_ID_WIDTH);
    this.#output.append(encodeMessage({ messageId, protocolOp: { type: "unbindRequest" }, controls: [] }));
    this.#output.flush();
    this.#close(this.#retired("it was no longer needed"));
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), UNBIND_TIMEOUT_MS).unref();
    this.#socket.once("close", () => clearTimeout(timer));
  }

  #close(lost: UpstreamLost): void {
    if (this.#lost !== undefined) return;
    this.#lost = lost;
    const { flushedBytes } = this.#output;
    this.#output.close();
    this.#owner.outstanding -= this.#requests.count;
    this.#owner.closed(this, lost);
    this.onClose?.(lost);
    for (const request of this.#requests.clear()) request.receiver?.lost(lost, request.position < flushedBytes);
  }
}

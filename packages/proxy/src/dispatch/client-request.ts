/** One request of a client: what is answered to it, and what is told about it when it has ended. RFC 4511 §4.1.1, §4.1.9. */
import { finalResponseTypeOf, type LdapResult, type ResponseOp } from "@espalier/ldap";
import type { Backend } from "../backend/backend.ts";
import { encodeResponse } from "../frame/encode-frame.ts";
import type { Frame } from "../frame/frame.ts";
import { idWidth, overwriteMessageId, withMessageId } from "../frame/message-id.ts";
import { readFrame } from "../frame/read-frame.ts";
import type { OperationRecord } from "../observe/operation-record.ts";
import type { RouteReason } from "../routing/route-reason.ts";
import { describeRequest, nameOf } from "./describe-request.ts";
import type { DispatchSession } from "./dispatch-session.ts";
import type { Refusal } from "./refusal.ts";

export class ClientRequest {
  readonly session: DispatchSession;
  /** As the client sent it; nothing in it is overwritten. */
  readonly frame: Frame;
  readonly messageId: number;
  /** Who the client was when it asked. */
  readonly boundAs: string;
  readonly #startedMs = performance.now();
  backend: Backend | undefined;
  reason: RouteReason | undefined;
  /** How many backends it was sent to. */
  attempts = 0;
  entries = 0;
  /** Of LDAP, passed on to the client. */
  bytes = 0;
  queuedMs = 0;

  constructor(session: DispatchSession, frame: Frame) {
    this.session = session;
    this.frame = frame;
    this.messageId = frame.messageId;
    this.boundAs = session.authorization.name;
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** Passes on a message of a backend's answer, under the client's id. `frame` is a receive buffer's. */
  deliver(frame: Frame): void {
    const { transport, observer } = this.session;
    this.bytes += frame.end - frame.start;
    if (idWidth(this.messageId) === frame.idLength) {
      overwriteMessageId(frame, this.messageId);
      if (observer.isTapped) observer.response(transport, frame);
      transport.write(frame.bytes, frame.start, frame.end);
    } else {
      this.#write(withMessageId(frame, this.messageId));
    }
  }

  /** Sends a message that the proxy made. */
  send(op: ResponseOp, controls: Parameters<typeof encodeResponse>[2] = []): void {
    const bytes = encodeResponse(this.messageId, op, controls);
    this.bytes += bytes.length;
    this.#write(bytes);
  }

  /** The last answer, made by the proxy. Requests without a response get none. */
  respond(refusal: Pick<Refusal, "resultCode" | "text">): void {
    const op = resultOf(this.frame.opTag, refusal);
    if (op !== undefined) this.send(op);
  }

  /** Tells that it has ended. `resultCode`: `undefined` where the client got no answer. */
  report(resultCode: number | undefined, diagnosticMessage: string, facts?: RefusalFacts): void {
    const { backend, reason } = this;
    const record: Writable<OperationRecord> = {
      operation: nameOf(this.frame),
      client: this.session.transport,
      messageId: this.messageId,
      boundAs: this.boundAs,
      attempts: this.attempts,
      resultCode,
      diagnosticMessage,
      entries: this.entries,
      bytes: this.bytes,
      durationMs: this.elapsedMs,
      queuedMs: this.queuedMs,
    };
    if (this.#isDescribed) Object.assign(record, describeRequest(this.frame));
    if (backend !== undefined) record.backend = backend.name;
    if (reason !== undefined) record.reason = reason;
    if (facts !== undefined) Object.assign(record, facts);
    this.session.observer.operationEnded(record);
  }

  /** `respond` and `report`: for what never becomes an operation under way. */
  refuse(refusal: Refusal, facts: RefusalFacts = {}): void {
    this.respond(refusal);
    this.report(refusal.resultCode, refusal.text, {
      ...(refusal.by === undefined ? {} : { refusedBy: refusal.by }),
      ...facts,
    });
  }

  get #isDescribed(): boolean {
    return this.session.observer.describes(this.frame, this.boundAs);
  }

  #write(bytes: Uint8Array): void {
    const { transport, observer } = this.session;
    if (observer.isTapped) observer.response(transport, readFrame(bytes, 0, bytes.length));
    transport.write(bytes);
  }
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

type RefusalFacts = Pick<OperationRecord, "refusedBy" | "rule" | "inDoubt">;

/** The response that a request with this tag ends with; `undefined` for unbind and abandon. */
function resultOf(opTag: number, { resultCode, text }: Pick<Refusal, "resultCode" | "text">): ResponseOp | undefined {
  const type = finalResponseTypeOf(opTag);
  const result: LdapResult = { resultCode, matchedDn: "", diagnosticMessage: text, referral: [] };
  switch (type) {
    case undefined:
      return undefined;
    case "bindResponse":
      return { type, ...result, serverSaslCreds: undefined };
    case "extendedResponse":
      return { type, ...result, responseName: undefined, responseValue: undefined };
    default:
      return { type, ...result };
  }
}

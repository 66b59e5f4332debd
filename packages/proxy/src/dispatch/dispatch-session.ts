/** One client's session: takes its requests, keeps what it is bound as, and knows what is under way. RFC 4511 §3.1, §4.2.1. */
import {
  decodeCancelRequest,
  Oid,
  OpTag,
  ParseError,
  ResultCode,
  startTlsResponse,
  whoAmIResponse,
} from "@espalier/ldap";
import type { ClientSession } from "../client/client-session.ts";
import type { ClientCloseReason, ClientTransport } from "../client/client-transport.ts";
import { type ControlHeader, readControls } from "../frame/controls.ts";
import { encodeResponse } from "../frame/encode-frame.ts";
import type { Frame } from "../frame/frame.ts";
import { peekAbandonedId, peekExtendedRequest } from "../frame/peek.ts";
import type { ProxyObserver } from "../observe/proxy-observer.ts";
import type { UpstreamConnection } from "../upstream/upstream-connection.ts";
import { BindOperation } from "./bind-operation.ts";
import { ClientRequest } from "./client-request.ts";
import type { DispatchContext } from "./dispatch-context.ts";
import { HeldState } from "./held-state.ts";
import type { ClientAuthorization } from "./identity/client-authorization.ts";
import { passwordModifyAs } from "./password-modify.ts";
import { PendingOperation } from "./pending-operation.ts";
import { Disconnections, Refusals } from "./refusal.ts";
import { classify } from "./request-class.ts";
import { answerRootDse, isRootDseSearch } from "./root-dse-answer.ts";
import type { SaslExchange } from "./sasl-exchange.ts";

const proxiedAuthorizationControls: ReadonlySet<string> = new Set([
  Oid.proxiedAuthorization,
  // Its first draft, which OpenLDAP and 389-DS still take.
  "2.16.840.1.113730.3.4.12",
]);

const noControls: readonly ControlHeader[] = [];

const success = { resultCode: ResultCode.success, matchedDn: "", diagnosticMessage: "", referral: [] } as const;

export class DispatchSession implements ClientSession {
  readonly context: DispatchContext;
  readonly transport: ClientTransport;
  readonly observer: ProxyObserver;
  readonly state: HeldState;
  authorization: ClientAuthorization;
  /** A SASL bind between two of its steps, with the connection it is on. */
  sasl: SaslExchange | undefined;
  readonly #operations = new Map<number, PendingOperation>();
  readonly #paused = new Set<UpstreamConnection>();
  #persistent = 0;
  #bind: BindOperation | undefined;
  #isDraining = false;
  #isClosed = false;

  constructor(context: DispatchContext, transport: ClientTransport) {
    this.context = context;
    this.transport = transport;
    this.observer = context.observer;
    this.state = new HeldState(context.limits.stateIdleMs);
    this.authorization = context.mode.anonymous(this, transport);
  }

  get mayReceive(): boolean {
    if (this.#bind !== undefined || this.#isDraining || this.#isClosed) return false;
    return this.#operations.size - this.#persistent < this.context.limits.maxPendingPerClient;
  }

  get isAuthenticated(): boolean {
    return this.authorization.isAuthenticated;
  }

  get hasOutstanding(): boolean {
    return this.#operations.size > 0 || this.#bind !== undefined;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  received(frame: Frame): void {
    if (this.#isClosed) return;
    if (this.observer.isTapped) this.observer.request(this.transport, frame);
    switch (frame.opTag) {
      case OpTag.searchRequest:
      case OpTag.compareRequest:
      case OpTag.modifyRequest:
      case OpTag.addRequest:
      case OpTag.delRequest:
      case OpTag.modifyDnRequest:
        this.#operation(frame, undefined);
        break;
      case OpTag.bindRequest:
        this.#bindRequest(frame);
        break;
      case OpTag.unbindRequest:
        new ClientRequest(this, frame).report(undefined, "");
        this.#close("unbind");
        break;
      case OpTag.abandonRequest:
        this.#operations.get(peekAbandonedId(frame))?.abandon();
        new ClientRequest(this, frame).report(undefined, "");
        break;
      case OpTag.extendedRequest:
        this.#extended(frame);
        break;
      default:
        throw new ParseError("ERR_MESSAGE", "A client sends requests, and this is none that LDAP has");
    }
  }

  // Operations.

  #operation(frame: Frame, requestName: string | undefined): void {
    this.#checkMessageId(frame);
    const controls = frame.opEnd === frame.end ? noControls : readControls(frame);
    if (!this.#isAllowed(frame)) return;
    if (!this.authorization.passesProxiedAuthorization && controls.some(isProxiedAuthorization)) {
      new ClientRequest(this, frame).refuse(Refusals.proxiedAuthorization);
      return;
    }
    if (frame.opTag === OpTag.searchRequest && isRootDseSearch(frame)) {
      answerRootDse(new ClientRequest(this, frame), this.context.rootDse(this.transport));
      return;
    }
    const requestClass = classify(frame, controls, requestName);
    const operation = new PendingOperation(this, frame, requestClass, controls);
    if (operation.isPersistent) {
      if (this.#persistent >= this.context.limits.maxPendingPerClient) {
        operation.refuse(Refusals.tooManyPersistent);
        return;
      }
      this.#persistent++;
    }
    this.#operations.set(frame.messageId, operation);
    operation.start();
  }

  /** Every operation says so once, when it is not under way any more. */
  ended(operation: PendingOperation): void {
    if (this.#operations.get(operation.messageId) !== operation) return;
    const couldReceive = this.mayReceive;
    this.#operations.delete(operation.messageId);
    if (operation.isPersistent) this.#persistent--;
    if (!couldReceive && this.mayReceive) this.transport.resume();
  }

  /** @throws ParseError for an id that must not be used now: the session cannot go on. RFC 4511 §4.1.1.1. */
  #checkMessageId({ messageId }: Frame): void {
    if (messageId === 0) throw new ParseError("ERR_MESSAGE", "Message id 0 is for unsolicited notifications");
    if (this.#operations.has(messageId)) {
      throw new ParseError("ERR_MESSAGE", `Message id ${messageId} is that of an operation still under way`);
    }
  }

  #isAllowed(frame: Frame): boolean {
    const decision = this.context.firewall.decide({
      client: this.transport,
      frame,
      boundAs: this.authorization.name,
    });
    if (decision.allow) return true;
    const { resultCode, text, rule } = decision;
    new ClientRequest(this, frame).refuse({ resultCode, text, by: "firewall" }, { rule });
    return false;
  }

  // Extended operations, RFC 4511 §4.12: those that are about this connection are answered here.

  #extended(frame: Frame): void {
    const { requestName, requestValue } = peekExtendedRequest(frame);
    switch (requestName) {
      case Oid.startTls:
        this.#startTls(frame);
        break;
      case Oid.cancel:
        this.#cancel(frame, requestValue);
        break;
      case Oid.whoAmI:
        this.#whoAmI(frame);
        break;
      case Oid.passwordModify:
        this.#operation(passwordModifyAs(this.authorization, frame, requestValue), requestName);
        break;
      default:
        this.#operation(frame, requestName);
    }
  }

  /** RFC 4511 §4.14; what was bound before does not hold behind it, since anybody may have been on the way until then. */
  #startTls(frame: Frame): void {
    this.#checkMessageId(frame);
    if (!this.#isAllowed(frame)) return;
    const request = new ClientRequest(this, frame);
    const { transport } = this;
    if (transport.tls !== undefined) request.refuse(Refusals.tlsIsOn);
    else if (!transport.canStartTls) request.refuse(Refusals.tlsNotOffered);
    else if (this.hasOutstanding) request.refuse(Refusals.tlsWithOutstanding);
    else {
      this.becomes(undefined);
      transport.startTls(encodeResponse(frame.messageId, startTlsResponse(success)));
      request.report(ResultCode.success, "");
    }
  }

  /** RFC 3909: answered here, so that it also works where a backend does not have it. */
  #cancel(frame: Frame, requestValue: Uint8Array | undefined): void {
    this.#checkMessageId(frame);
    if (!this.#isAllowed(frame)) return;
    const request = new ClientRequest(this, frame);
    const id = decodeCancelRequest({ type: "extendedRequest", requestName: Oid.cancel, requestValue });
    const operation = this.#operations.get(id);
    if (operation === undefined) request.refuse(Refusals.noSuchOperation);
    else if (operation.isSent && operation.requestClass.changes) request.refuse(Refusals.cannotCancel);
    else {
      operation.fail(Refusals.canceled);
      request.respond({ resultCode: ResultCode.success, text: "" });
      request.report(ResultCode.success, "");
    }
  }

  /** RFC 4532: on a shared connection the backend would name the proxy's account. */
  #whoAmI(frame: Frame): void {
    const { authzId } = this.authorization;
    if (authzId === undefined || frame.opEnd !== frame.end) {
      this.#operation(frame, Oid.whoAmI);
      return;
    }
    this.#checkMessageId(frame);
    if (!this.#isAllowed(frame)) return;
    const request = new ClientRequest(this, frame);
    request.send(whoAmIResponse(success, authzId));
    request.report(ResultCode.success, "");
  }

  // Binds.

  /** RFC 4511 §4.2.1: whatever is outstanding is abandoned, and until the bind succeeds the client is nobody. */
  #bindRequest(frame: Frame): void {
    this.#checkMessageId(frame);
    for (const operation of [...this.#operations.values()]) operation.abandon();
    const bind = new BindOperation(this, frame);
    this.becomes(undefined);
    if (!this.#isAllowed(frame)) {
      this.endSasl();
      return;
    }
    this.#bind = bind;
    bind.start();
  }

  /** The bind was answered, or has no answer to come. */
  bindEnded(): void {
    this.#bind = undefined;
    if (!this.#isClosed && this.mayReceive) this.transport.resume();
  }

  /** What the client is from now on; `undefined` is anonymous. What it had before is given back. */
  becomes(authorization: ClientAuthorization | undefined): void {
    this.state.clear();
    this.authorization.end();
    this.authorization = authorization ?? this.context.mode.anonymous(this, this.transport);
  }

  endSasl(): void {
    this.sasl?.release();
    this.sasl = undefined;
  }

  authorizationLost(): void {
    const { resultCode, text } = Disconnections.authorizationLost;
    this.disconnect(resultCode, text);
  }

  disconnect(resultCode: number, text: string): void {
    if (this.#isClosed) return;
    this.transport.disconnect("session", resultCode, text);
    this.closed();
  }

  // A client that reads more slowly than its backends send.

  slowDown(connection: UpstreamConnection): void {
    if (this.#paused.has(connection) || !connection.mayPause) return;
    this.#paused.add(connection);
    connection.pause();
  }

  speedUp(connection: UpstreamConnection): void {
    if (this.#paused.delete(connection) && connection.isOpen) connection.resume();
  }

  caughtUp(): void {
    for (const connection of [...this.#paused]) this.speedUp(connection);
  }

  // The end.

  drain(): void {
    this.#isDraining = true;
    for (const operation of [...this.#operations.values()]) {
      if (operation.isPersistent) operation.fail(Refusals.draining);
    }
  }

  #close(reason: ClientCloseReason): void {
    this.transport.destroy(reason);
    this.closed();
  }

  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const request of [...this.#operations.values(), this.#bind]) {
      const { waitingAt } = request ?? {};
      request?.disown();
      waitingAt?.connections.cancel(this);
    }
    this.#operations.clear();
    this.endSasl();
    this.state.clear();
    this.authorization.end();
    // A write that goes on must not wait for a client that is gone.
    this.caughtUp();
  }
}

function isProxiedAuthorization({ controlType }: ControlHeader): boolean {
  return proxiedAuthorizationControls.has(controlType);
}

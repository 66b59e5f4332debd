/** One operation that is passed on to a backend: placed, sent, sent elsewhere where that is right, and answered. RFC 4511 §3.1. */
import { decodePagedResults, Oid, OpTag, ParseError, ResultCode } from "@espalier/ldap";
import type { Backend } from "../backend/backend.ts";
import { type ControlHeader, readControls } from "../frame/controls.ts";
import type { Frame } from "../frame/frame.ts";
import { peekResult, peekResultCode, peekSearch, peekTarget } from "../frame/peek.ts";
import type { Choice } from "../routing/router.ts";
import type { ResponseReceiver, UpstreamLost } from "../upstream/response-receiver.ts";
import type { UpstreamConnection } from "../upstream/upstream-connection.ts";
import { chooseBackend } from "./choose-backend.ts";
import type { DispatchSession } from "./dispatch-session.ts";
import type { AuthorizationLost } from "./identity/authorization-lost.ts";
import type { Carrier, ClientAuthorization } from "./identity/client-authorization.ts";
import { isSameIdentity } from "./identity/same-identity.ts";
import { afterLoss, maxAttempts } from "./in-flight.ts";
import { Lease } from "./lease.ts";
import { normalizedName } from "./normalized-name.ts";
import { PlacedRequest } from "./placed-request.ts";
import { type Refusal, Refusals } from "./refusal.ts";
import type { RequestClass } from "./request-class.ts";

export class PendingOperation extends PlacedRequest implements ResponseReceiver {
  readonly requestClass: RequestClass;
  /** Taken when the request arrived: whatever the client binds as later, this one runs as who sent it. */
  readonly authorization: ClientAuthorization;
  readonly #controls: readonly ControlHeader[];
  #connection: UpstreamConnection | undefined;
  #lease: Lease | undefined;
  #upstreamId = 0;

  constructor(session: DispatchSession, frame: Frame, requestClass: RequestClass, controls: readonly ControlHeader[]) {
    super(session, frame);
    this.requestClass = requestClass;
    this.authorization = session.authorization;
    this.#controls = controls;
  }

  get isPersistent(): boolean {
    return this.requestClass.state === "persistent";
  }

  /** Whether a backend may have begun with it. */
  get isSent(): boolean {
    return this.phase === "sent";
  }

  get connection(): UpstreamConnection | undefined {
    return this.#connection;
  }

  start(): void {
    this.place();
  }

  // Placing.

  protected override choose(exclude: ReadonlySet<Backend>, isLastChance: boolean): Choice | undefined {
    return chooseBackend(this.session.context.router, this.requestClass, this.authorization, exclude, isLastChance);
  }

  protected override connect(backend: Backend, deadlineMs: number): Carrier | Promise<Carrier> {
    const { authorization, requestClass, session } = this;
    const { route, state } = requestClass;
    const isRead = route === "read";
    if (state === "none") return authorization.carrier(backend, isRead, deadlineMs);
    if (state === "operation" || state === "persistent") return authorization.lease(backend, isRead, deadlineMs);
    const held = session.state.carrier(route);
    if (held !== undefined) return held;
    const lease = authorization.lease(backend, isRead, deadlineMs);
    if (lease instanceof Promise) session.state.expect(route, lease);
    return lease;
  }

  protected override sendOn(carrier: Carrier): void {
    const lease = carrier instanceof Lease ? carrier : undefined;
    const connection = carrier instanceof Lease ? carrier.connection : carrier;
    if (lease !== undefined) this.backend = lease.backend;
    else this.#checkIdentity(connection);
    try {
      this.#upstreamId = connection.send(this.frame, this, this.authorization.addedControl);
    } catch (error) {
      lease?.release();
      throw error;
    }
    this.phase = "sent";
    this.#connection = connection;
    this.#lease = lease;
    this.attempts++;
    if (lease !== undefined) this.#holdState(lease);
  }

  /** The pool vouches for it; what it would mean to be wrong is worth another look. */
  #checkIdentity({ identity, isExclusive }: UpstreamConnection): void {
    if (!isExclusive && isSameIdentity(identity, this.authorization.sharedIdentity)) return;
    throw new Error("A shared connection has another identity than its users");
  }

  protected override authorizationLost(error: AuthorizationLost): void {
    this.#end(undefined, error.message);
    this.session.authorizationLost();
  }

  // The answer.

  response(frame: Frame, isFinal: boolean): void {
    if (this.phase !== "sent") {
      if (isFinal) this.#release();
      return;
    }
    if (!isFinal) {
      this.#passOn(frame);
      return;
    }
    let resultCode: number;
    let diagnosticMessage = "";
    try {
      resultCode = peekResultCode(frame);
      if (resultCode !== ResultCode.success) diagnosticMessage = peekResult(frame).diagnosticMessage;
      if (this.requestClass.state !== "none") this.#updateState(frame, resultCode);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      this.#connection?.destroy({ code: "ERR_UPSTREAM_PROTOCOL", message: error.message });
      return;
    }
    if ((resultCode === ResultCode.busy || resultCode === ResultCode.unavailable) && this.#moves()) return;
    if (resultCode === ResultCode.success && this.requestClass.changes) this.#wrote();
    this.deliver(frame);
    this.#end(resultCode, diagnosticMessage);
  }

  #passOn(frame: Frame): void {
    if (frame.opTag === OpTag.searchResultEntry) this.entries++;
    this.deliver(frame);
    const connection = this.#connection as UpstreamConnection;
    if (this.bytes > this.session.context.limits.laneBytes && !connection.isExclusive && !connection.isLane) {
      connection.makeLane();
    }
    if (this.session.transport.isCongested) this.session.slowDown(connection);
  }

  /** Nothing of a read was done: another backend may be less busy. Once. */
  #moves(): boolean {
    const { requestClass, backend } = this;
    if (!requestClass.isRepeatable || this.bytes > 0 || this.attempts >= maxAttempts || backend === undefined)
      return false;
    this.exclude(backend);
    if (this.choose(this.excluded, false) === undefined) return false;
    this.#release();
    this.phase = "placing";
    this.place();
    return true;
  }

  #wrote(): void {
    const { frame, backend, session, authorization } = this;
    if (backend === undefined) return;
    const target = peekTarget(frame);
    session.context.router.wrote(
      authorization.affinity,
      backend,
      target === undefined ? undefined : normalizedName(target),
    );
  }

  lost(reason: UpstreamLost, sent: boolean): void {
    const phase = this.phase;
    this.#release();
    if (phase === "unheard") {
      if (sent && this.requestClass.changes) this.#reportInDoubt(reason);
      this.phase = "ended";
      return;
    }
    if (phase !== "sent") return;
    const next = afterLoss({
      requestClass: this.requestClass,
      sent,
      hasAnswered: this.bytes > 0,
      attempts: this.attempts,
    });
    if (next === "send-again" && !this.#isTooLate()) {
      this.placeAgain();
      return;
    }
    if (next === Refusals.inDoubt) this.#reportInDoubt(reason);
    this.fail(next === "send-again" ? Refusals.unavailable : next);
  }

  /** The time that the client gave its search has passed. RFC 4511 §4.5.1.5. */
  #isTooLate(): boolean {
    if (this.frame.opTag !== OpTag.searchRequest) return false;
    const { timeLimit } = peekSearch(this.frame);
    return timeLimit > 0 && this.elapsedMs > timeLimit * 1000;
  }

  #reportInDoubt(reason: UpstreamLost): void {
    const target = peekTarget(this.frame);
    const backend = this.backend?.name ?? "";
    this.session.context.events.emit({
      type: "write.in-doubt",
      severity: "high",
      subject: target ?? backend,
      source: "proxy",
      actor: this.boundAs,
      data: {
        ...{ backend, messageId: this.messageId, client: this.session.transport.address },
        ...{ code: reason.code, reason: reason.message },
      },
      audit: true,
    });
  }

  // State on the connection.

  /** Whether it leaves something on its connection that its client may come back to. */
  get #leavesState(): boolean {
    const { state } = this.requestClass;
    return state === "paged" || state === "sticky" || state === "transaction";
  }

  get #runningReason(): string {
    return `operation ${this.messageId}`;
  }

  #holdState(lease: Lease): void {
    if (!this.#leavesState) return;
    const { route, state, isClean } = this.requestClass;
    const { state: held } = this.session;
    held.add(route, lease, this.#runningReason, true);
    if (state !== "paged") held.add(route, lease, state, isClean);
    else held.remove(route, pageReason(pagedCookie(this.#controls)));
  }

  /** @throws ParseError for a paged results control that cannot be read. */
  #updateState(frame: Frame, resultCode: number): void {
    const { requestClass, session } = this;
    const lease = this.#lease;
    if (lease === undefined) return;
    const { route, state } = requestClass;
    if (state === "paged" && resultCode === ResultCode.success) {
      const cookie = pagedCookie(readControls(frame));
      if (cookie.length > 0) session.state.add(route, lease, pageReason(cookie), true);
    }
    const hasEnded = state === "transaction" && requestClass.changes;
    const neverBegan = state === "transaction" && !requestClass.continues && resultCode !== ResultCode.success;
    if (hasEnded || neverBegan) session.state.remove(route, "transaction");
  }

  // The end.

  /** The client wants it no more, and its backend is told. RFC 4511 §4.11. */
  abandon(): void {
    if (this.phase === "sent") this.#connection?.abandon(this.#upstreamId);
    this.#end(undefined, "");
  }

  /** The client is gone. A change goes on to its end, so that its connection is not given away under it. */
  disown(): void {
    if (this.phase !== "sent" || !this.requestClass.changes) {
      this.abandon();
      return;
    }
    this.phase = "unheard";
    this.report(undefined, "");
  }

  /** Ends it with an answer of the proxy's. */
  override fail(refusal: Refusal): void {
    if (this.phase === "sent") this.#connection?.abandon(this.#upstreamId);
    this.respond(refusal);
    this.#end(refusal.resultCode, refusal.text, refusal);
  }

  #end(resultCode: number | undefined, diagnosticMessage: string, refusal?: Refusal): void {
    if (this.phase === "ended") return;
    this.phase = "ended";
    this.#release();
    this.session.ended(this);
    if (refusal === undefined) this.report(resultCode, diagnosticMessage);
    else {
      this.report(resultCode, diagnosticMessage, {
        ...(refusal.by === undefined ? {} : { refusedBy: refusal.by }),
        ...(refusal === Refusals.inDoubt ? { inDoubt: true } : {}),
      });
    }
  }

  #release(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.session.speedUp(connection);
    this.#connection = undefined;
    const lease = this.#lease;
    if (lease === undefined) return;
    this.#lease = undefined;
    if (this.#leavesState) this.session.state.remove(this.requestClass.route, this.#runningReason);
    lease.release();
  }
}

function pagedCookie(controls: readonly ControlHeader[]): Uint8Array {
  const found = controls.find(({ controlType }) => controlType === Oid.pagedResults);
  if (found === undefined) return new Uint8Array(0);
  const { controlType, criticality, value } = found;
  return decodePagedResults({ controlType, criticality, controlValue: value }).cookie;
}

function pageReason(cookie: Uint8Array): string {
  return `page ${Buffer.from(cookie.buffer, cookie.byteOffset, cookie.byteLength).toString("base64")}`;
}

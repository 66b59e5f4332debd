/** One bind: verified by a backend each time, and what comes of it. RFC 4511 §4.2; RFC 4513 §5. */
import {
  type BindRequest,
  builtInSchema,
  type Control,
  decodeMessage,
  decodePasswordPolicyResponse,
  dnKey,
  Oid,
  ParseError,
  ResultCode,
} from "@espalier/ldap";
import type { Backend } from "../backend/backend.ts";
import { readControls } from "../frame/controls.ts";
import type { Frame } from "../frame/frame.ts";
import { type BindPeek, peekBind, peekResult } from "../frame/peek.ts";
import { readFrame } from "../frame/read-frame.ts";
import type { Choice } from "../routing/router.ts";
import type { ResponseReceiver, UpstreamLost } from "../upstream/response-receiver.ts";
import { Credentials } from "./credentials.ts";
import type { DispatchSession } from "./dispatch-session.ts";
import type { Carrier, ClientAuthorization } from "./identity/client-authorization.ts";
import { maxAttempts } from "./in-flight.ts";
import { Lease } from "./lease.ts";
import { PlacedRequest } from "./placed-request.ts";
import { Disconnections, type Refusal, Refusals } from "./refusal.ts";
import { plainName, SaslExchange, worksThroughProxy } from "./sasl-exchange.ts";

/** The password has expired and must be changed: Netscape's control, which 389-DS and others send unasked. */
const passwordExpiredControl = "2.16.840.1.113730.3.4.4";

export class BindOperation extends PlacedRequest implements ResponseReceiver {
  readonly #bind: BindPeek;
  /** What it is routed by, and what it is in the eyes of read-your-writes: the DN, normalized. */
  readonly #normalizedDn: string | undefined;
  #lease: Lease | undefined;
  /** Whether the mode's control went along although the client had not sent it. */
  #addsControl = false;

  /** @throws ParseError for a request that is no bind. */
  constructor(session: DispatchSession, frame: Frame) {
    super(session, frame);
    this.#bind = peekBind(frame);
    this.#normalizedDn = dnKey(this.#bind.name, builtInSchema);
  }

  start(): void {
    const { version, name, method, isEmptyPassword } = this.#bind;
    const { session } = this;
    if (version !== 3) {
      session.endSasl();
      this.fail(Refusals.version);
    } else if (method === "sasl") {
      this.#startSasl(this.#bind.mechanism ?? "");
    } else {
      session.endSasl();
      if (name === "" && isEmptyPassword) this.#succeedHere(undefined);
      else if (isEmptyPassword) this.fail(Refusals.emptyPassword);
      else if (name === "") this.fail(Refusals.passwordWithoutName);
      else this.place();
    }
  }

  // SASL, RFC 4513 §5.2.

  #startSasl(mechanism: string): void {
    const { session } = this;
    const exchange = session.sasl;
    session.sasl = undefined;
    if (exchange?.mechanism === mechanism) {
      this.#goOnWith(exchange.lease);
      return;
    }
    exchange?.release();
    if (mechanism === "EXTERNAL") this.#external();
    else if (worksThroughProxy(mechanism)) this.place();
    else this.fail(Refusals.mechanism);
  }

  #goOnWith(lease: Lease): void {
    this.backend = lease.backend;
    this.reason = "pinned";
    if (lease.isOpen) {
      this.#sendOn(lease);
      return;
    }
    lease.release();
    this.fail(Refusals.stateLost);
  }

  /** The proxy's to answer: the certificate is that of the client's connection. RFC 4513 §5.2.3. */
  #external(): void {
    const { session } = this;
    const { transport, context } = session;
    const subject = transport.tls?.clientSubject;
    if (subject === undefined) {
      this.fail(Refusals.noCertificate);
      return;
    }
    const authorization = context.mode.external(subject, session, transport);
    if (authorization === undefined) this.fail(Refusals.mechanism);
    else if (isOwnIdentity(this.#saslCredentials(), subject)) this.#succeedHere(authorization);
    else this.fail(Refusals.externalIdentity);
  }

  #saslCredentials(): Uint8Array {
    const { frame } = this;
    const { authentication } = decodeMessage(frame.bytes, frame.start, frame.end).protocolOp as BindRequest;
    return (authentication.type === "sasl" ? authentication.credentials : undefined) ?? new Uint8Array(0);
  }

  // Placing. A wrong password counts at one backend alone: a name's binds always go to the same.

  protected override choose(exclude: ReadonlySet<Backend>, isLastChance: boolean): Choice | undefined {
    const { router } = this.session.context;
    const name = this.#routedName();
    if (name === undefined) return router.chooseRead(this.session.authorization.affinity, exclude, isLastChance);
    return router.chooseBind(dnKey(name, builtInSchema) ?? name.toLowerCase(), exclude, isLastChance);
  }

  #routedName(): string | undefined {
    const { name, mechanism } = this.#bind;
    if (name !== "") return name;
    return mechanism === "PLAIN" ? plainName(this.#saslCredentials()) : undefined;
  }

  protected override connect(backend: Backend, deadlineMs: number): Lease | Promise<Lease> {
    const { session } = this;
    const { mode } = session.context;
    const connection =
      this.#bind.method === "sasl"
        ? backend.connections.lease({ kind: "unknown" }, session, deadlineMs, session.transport)
        : mode.bindConnection(backend, session, deadlineMs, session.transport);
    return connection instanceof Promise
      ? connection.then((connection) => new Lease(backend, connection))
      : new Lease(backend, connection);
  }

  protected override sendOn(carrier: Carrier): void {
    if (!(carrier instanceof Lease)) throw new TypeError("A bind has its connection alone");
    // What SASL may leave behind on a connection nobody can tell.
    if (this.#bind.method === "sasl") carrier.spoil();
    this.#sendOn(carrier);
  }

  #sendOn(lease: Lease): void {
    const { bindControl } = this.session.context.mode;
    this.#addsControl =
      bindControl !== undefined &&
      this.#bind.method === "simple" &&
      !readControls(this.frame).some(({ controlType }) => controlType === Oid.passwordPolicy);
    lease.connection.identity = { kind: "unknown" };
    try {
      lease.connection.send(this.frame, this, this.#addsControl ? bindControl : undefined);
    } catch (error) {
      lease.release();
      throw error;
    }
    this.phase = "sent";
    this.#lease = lease;
    this.attempts++;
  }

  // The answer.

  response(frame: Frame, isFinal: boolean): void {
    if (!isFinal) return;
    const lease = this.#lease as Lease;
    this.#lease = undefined;
    if (this.phase !== "sent") {
      lease.release();
      return;
    }
    let result: ReturnType<typeof peekResult>;
    let controls: readonly Control[];
    try {
      result = peekResult(frame);
      // Of a copy: their values are views, and may be sent on when the receive buffer has something else in it.
      controls = frame.opEnd === frame.end ? [] : decodeMessage(copyOf(frame)).controls;
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      this.#lease = lease;
      lease.connection.destroy({ code: "ERR_UPSTREAM_PROTOCOL", message: error.message });
      return;
    }
    const { resultCode, diagnosticMessage } = result;
    if (resultCode === ResultCode.success) {
      this.#accepted(frame, lease, controls);
      return;
    }
    if (resultCode === ResultCode.saslBindInProgress && this.#bind.mechanism !== undefined) {
      this.session.sasl = new SaslExchange(this.#bind.mechanism, lease);
    } else {
      lease.release();
    }
    this.#answer(frame, controls);
    this.#end(resultCode, diagnosticMessage);
  }

  #accepted(frame: Frame, lease: Lease, controls: readonly Control[]): void {
    const { session } = this;
    const { name, method, password = new Uint8Array(0) } = this.#bind;
    const authorization = session.context.mode.accepted({
      ...{ name, normalizedDn: this.#normalizedDn, mustChange: controls.some(isMustChange), lease },
      credentials: method === "simple" ? new Credentials(name, password) : undefined,
      ...{ client: session, source: session.transport },
    });
    if (!(authorization instanceof Promise)) {
      this.#succeed(authorization, frame, controls);
      return;
    }
    const copy = readFrame(copyOf(frame), 0, frame.end - frame.start);
    authorization.then(
      (authorization) => {
        if (authorization !== undefined) this.#succeed(authorization, copy, controls);
        else this.fail(Refusals.identityNotLearned);
      },
      () => this.fail(Refusals.identityNotLearned),
    );
  }

  #succeed(authorization: ClientAuthorization, frame: Frame, controls: readonly Control[]): void {
    if (this.phase !== "sent") {
      authorization.end();
      return;
    }
    this.session.becomes(authorization);
    this.#answer(frame, controls);
    this.#end(ResultCode.success, "");
  }

  /** Without the answer to a control that the client did not send. */
  #answer(frame: Frame, controls: readonly Control[]): void {
    if (!this.#addsControl || !controls.some(({ controlType }) => controlType === Oid.passwordPolicy)) {
      this.deliver(frame);
      return;
    }
    const { protocolOp } = decodeMessage(frame.bytes, frame.start, frame.end);
    if (protocolOp.type !== "bindResponse") throw new TypeError("A bind is answered with a bind response");
    this.send(
      protocolOp,
      controls.filter(({ controlType }) => controlType !== Oid.passwordPolicy),
    );
  }

  /** Answered by the proxy: the client is anonymous, or whom its certificate names. */
  #succeedHere(authorization: ClientAuthorization | undefined): void {
    if (authorization !== undefined) this.session.becomes(authorization);
    this.respond({ resultCode: ResultCode.success, text: "" });
    this.#end(ResultCode.success, "");
  }

  /** One more try where no answer came: no result code ever leads to one. */
  lost(_reason: UpstreamLost, sent: boolean): void {
    const lease = this.#lease;
    this.#lease = undefined;
    lease?.release();
    if (this.phase !== "sent") return;
    const continues = this.reason === "pinned";
    if (continues) this.fail(Refusals.stateLost);
    else if (!sent || this.attempts < maxAttempts) this.placeAgain();
    else this.fail(Refusals.unavailable);
  }

  // The end.

  /** The client is gone. A bind that was sent is left to end, and its connection is given back then. */
  disown(): void {
    if (this.phase === "ended") return;
    this.phase = this.phase === "sent" ? "unheard" : "ended";
    this.report(undefined, "");
  }

  /** A bind needs no earlier one. */
  protected override authorizationLost(): void {
    this.fail(Refusals.unavailable);
  }

  protected override fail(refusal: Refusal): void {
    if (this.phase === "ended" || this.phase === "unheard") return;
    if (refusal === Refusals.unavailable) {
      const { resultCode, text } = Disconnections.bindUnavailable;
      this.phase = "ended";
      this.report(undefined, text, { refusedBy: "unavailable" });
      this.session.disconnect(resultCode, text);
      return;
    }
    this.respond(refusal);
    this.#end(refusal.resultCode, refusal.text, refusal);
  }

  #end(resultCode: number, diagnosticMessage: string, refusal?: Refusal): void {
    this.phase = "ended";
    this.session.bindEnded();
    this.report(resultCode, diagnosticMessage, refusal?.by === undefined ? {} : { refusedBy: refusal.by });
  }
}

/** Also where it cannot be read: the backend has something to say about the password. */
function isMustChange(control: Control): boolean {
  if (control.controlType === passwordExpiredControl) return true;
  if (control.controlType !== Oid.passwordPolicy) return false;
  try {
    return decodePasswordPolicyResponse(control).error === "changeAfterReset";
  } catch (error) {
    if (error instanceof ParseError) return true;
    throw error;
  }
}

/** The identity that EXTERNAL may ask for by an authzId: none, or the one of the certificate. */
function isOwnIdentity(credentials: Uint8Array, subject: string): boolean {
  const authzId = Buffer.from(credentials).toString();
  if (authzId === "") return true;
  if (!authzId.startsWith("dn:")) return false;
  const asked = dnKey(authzId.slice("dn:".length), builtInSchema);
  return asked !== undefined && asked === dnKey(subject, builtInSchema);
}

/** Not `slice`: that of a Buffer is a view of the receive buffer. */
function copyOf({ bytes, start, end }: Frame): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}

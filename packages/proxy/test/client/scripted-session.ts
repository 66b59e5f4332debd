/** A session that answers by itself as its client asks it to, and writes down what it is told. */
import {
  decodeMessage,
  encodeMessage,
  Oid,
  ParseError,
  type ResponseOp,
  ResultCode,
  startTlsResponse,
} from "@espalier/ldap";
import type { ClientSession } from "../../src/client/client-session.ts";
import type { ClientTransport } from "../../src/client/client-transport.ts";
import type { Frame } from "../../src/frame/frame.ts";

const success = { resultCode: ResultCode.success, matchedDn: "", diagnosticMessage: "", referral: [] };

/**
 * Binds succeed; StartTLS where the transport can. A search gets one entry, the base itself, and its end; but of
 * - `cn=wait` there is no answer until `answerAll`,
 * - `cn=hold` too, and nothing further may be received until `release`,
 * - `cn=flood` there are entries without end, until the client is congested; and more when it has caught up,
 * - `cn=deluge` there are entries without end, whatever the client takes,
 * - `cn=bad` and `cn=defect` it throws a ParseError, and an error of its own.
 */
export class ScriptedSession implements ClientSession {
  readonly transport: ClientTransport;
  /** `search cn=a`, `bind cn=a`, `abandon 3`, `caughtUp`, `drain`, `closed`, … */
  readonly log: string[] = [];
  mayReceive = true;
  isAuthenticated = false;
  /** StartTLS waits for `release`, and nothing further may be received until then. */
  defersStartTls = false;
  readonly #outstanding = new Set<number>();
  #heldStartTls: number | undefined;
  #floodId: number | undefined;
  #floodedBytes = 0;

  constructor(transport: ClientTransport) {
    this.transport = transport;
  }

  get hasOutstanding(): boolean {
    return this.#outstanding.size > 0;
  }

  /** What `cn=flood` and `cn=deluge` have written. */
  get floodedBytes(): number {
    return this.#floodedBytes;
  }

  received({ bytes, start, end }: Frame): void {
    const { messageId, protocolOp } = decodeMessage(bytes, start, end);
    switch (protocolOp.type) {
      case "bindRequest":
        this.log.push(`bind ${protocolOp.name}`);
        this.isAuthenticated = protocolOp.name !== "";
        this.#send(messageId, { type: "bindResponse", ...success, serverSaslCreds: undefined });
        return;
      case "searchRequest":
        this.log.push(`search ${protocolOp.baseObject}`);
        this.#search(messageId, protocolOp.baseObject);
        return;
      case "extendedRequest":
        this.log.push(`extended ${protocolOp.requestName}`);
        if (protocolOp.requestName === Oid.startTls) this.#startTls(messageId);
        return;
      case "unbindRequest":
        this.log.push("unbind");
        this.transport.destroy("unbind");
        return;
      case "abandonRequest":
        this.log.push(`abandon ${protocolOp.messageId}`);
        this.#outstanding.delete(protocolOp.messageId);
        return;
      default:
        this.log.push(protocolOp.type);
    }
  }

  caughtUp(): void {
    this.log.push("caughtUp");
    if (this.#floodId !== undefined) this.#flood(this.#floodId);
  }

  closed(): void {
    this.log.push("closed");
    this.#floodId = undefined;
  }

  drain(): void {
    this.log.push("drain");
  }

  answerAll(): void {
    for (const messageId of this.#outstanding) this.#done(messageId);
    this.#outstanding.clear();
  }

  release(): void {
    if (this.#heldStartTls === undefined) this.answerAll();
    else this.#acceptTls(this.#heldStartTls);
    this.mayReceive = true;
    this.transport.resume();
  }

  #search(messageId: number, baseObject: string): void {
    switch (baseObject) {
      case "cn=wait":
        this.#outstanding.add(messageId);
        return;
      case "cn=hold":
        this.#outstanding.add(messageId);
        this.mayReceive = false;
        return;
      case "cn=flood":
        this.#floodId = messageId;
        this.#flood(messageId);
        return;
      case "cn=deluge":
        for (let i = 0; i < 4096; i++) this.#entry(messageId, "cn=drop", 4096);
        return;
      case "cn=bad":
        throw new ParseError("ERR_MESSAGE", "message id 0 is not for requests");
      case "cn=defect":
        throw new TypeError("undefined is not a function");
      default:
        this.#entry(messageId, baseObject, 16);
        this.#done(messageId);
    }
  }

  #flood(messageId: number): void {
    while (!this.transport.isCongested) this.#entry(messageId, "cn=flood", 4096);
  }

  #entry(messageId: number, objectName: string, size: number): void {
    const values = [Buffer.alloc(size, "x")];
    this.#floodedBytes += size;
    this.#send(messageId, { type: "searchResultEntry", objectName, attributes: [{ type: "description", values }] });
  }

  #done(messageId: number): void {
    this.#send(messageId, { type: "searchResultDone", ...success });
  }

  #startTls(messageId: number): void {
    if (!this.transport.canStartTls) {
      const refusal = { ...success, resultCode: ResultCode.protocolError, diagnosticMessage: "not offered" };
      this.#send(messageId, startTlsResponse(refusal));
    } else if (this.defersStartTls) {
      this.mayReceive = false;
      this.#heldStartTls = messageId;
    } else this.#acceptTls(messageId);
  }

  #acceptTls(messageId: number): void {
    const protocolOp = startTlsResponse(success);
    this.transport.startTls(encodeMessage({ messageId, protocolOp, controls: [] }));
  }

  #send(messageId: number, protocolOp: ResponseOp): void {
    this.transport.write(encodeMessage({ messageId, protocolOp, controls: [] }));
  }
}

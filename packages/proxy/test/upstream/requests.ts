/** Requests as clients send them, and receivers that remember what they are told. */
import { decodeMessage, encodeMessage, type RequestOp, type ResponseOp } from "@espalier/ldap";
import type { Frame } from "../../src/frame/frame.ts";
import { readFrame } from "../../src/frame/read-frame.ts";
import type { ResponseReceiver, UpstreamLost } from "../../src/upstream/response-receiver.ts";
import type { UpstreamConnection } from "../../src/upstream/upstream-connection.ts";

export function frameOf(messageId: number, protocolOp: RequestOp): Frame {
  const bytes = encodeMessage({ messageId, protocolOp, controls: [] });
  return readFrame(bytes, 0, bytes.length);
}

/** A base search; the root DSE's unless a base is named. */
export function search(baseObject = ""): RequestOp {
  return {
    type: "searchRequest",
    baseObject,
    scope: "baseObject",
    derefAliases: "neverDerefAliases",
    sizeLimit: 0,
    timeLimit: 0,
    typesOnly: false,
    filter: { type: "present", attribute: "objectClass" },
    attributes: ["1.1"],
  };
}

export function simpleBind(name: string, password: string): RequestOp & { type: "bindRequest" } {
  return {
    type: "bindRequest",
    version: 3,
    name,
    authentication: { type: "simple", password: Buffer.from(password) },
  };
}

/** What a receiver was told, in order. */
export class Recorder implements ResponseReceiver {
  readonly responses: { readonly messageId: number; readonly op: ResponseOp; readonly isFinal: boolean }[] = [];
  readonly losses: { readonly lost: UpstreamLost; readonly sent: boolean }[] = [];
  readonly #ended = Promise.withResolvers<void>();

  response(frame: Frame, isFinal: boolean): void {
    const { messageId, protocolOp } = decodeMessage(frame.bytes, frame.start, frame.end);
    this.responses.push({ messageId, op: protocolOp as ResponseOp, isFinal });
    if (isFinal) this.#ended.resolve();
  }

  lost(lost: UpstreamLost, sent: boolean): void {
    this.losses.push({ lost, sent });
    this.#ended.resolve();
  }

  get hasEnded(): boolean {
    return this.losses.length > 0 || this.responses.some(({ isFinal }) => isFinal);
  }

  ended(): Promise<void> {
    return this.#ended.promise;
  }
}

/** Sends a search, which is under way on the connection from then on. */
export function leave(connection: UpstreamConnection): Recorder {
  const receiver = new Recorder();
  connection.send(frameOf(1, search("cn=a")), receiver);
  return receiver;
}

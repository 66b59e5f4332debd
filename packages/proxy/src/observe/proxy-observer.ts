/** What the proxy tells about its work, for logs, metrics, the tap and the hygiene report. */
import type { Frame } from "../frame/frame.ts";
import type { ClientFacts, OperationRecord } from "./operation-record.ts";

/** All called synchronously, from the path of the operation: they return at once and do not throw. */
export interface ProxyObserver {
  connectionOpened(client: ClientFacts): void;
  /** `reason`: a `ClientCloseReason`. */
  connectionClosed(client: ClientFacts, reason: string): void;
  operationEnded(record: OperationRecord): void;
  /** Whether the record of this request has to say what it asks for: nothing of it is decoded otherwise. */
  describes(request: Frame, boundAs: string): boolean;
  /** Whether anybody wants the frames: `request` and `response` are called only then. */
  readonly isTapped: boolean;
  /** A request as the client sent it, before anything in it is overwritten. `frame.bytes` is valid during the call. */
  request(client: ClientFacts, frame: Frame): void;
  /** A response as the client gets it, its message id the client's. `frame.bytes` is valid during the call. */
  response(client: ClientFacts, frame: Frame): void;
}

/** Who waits for the answers to one request on an upstream connection. */
import type { Frame } from "../frame/frame.ts";

export interface ResponseReceiver {
  /**
   * One message of the answer, with the id it has upstream. `frame.bytes` is the receive buffer: valid during the call, and the
   * receiver may overwrite the id in place. `isFinal`: the id is free again.
   */
  response(frame: Frame, isFinal: boolean): void;
  /** There will be no (further) answer. `sent`: whether any byte of the request may have left this process. */
  lost(reason: UpstreamLost, sent: boolean): void;
}

/** Why a connection to a backend ended or could not be had. */
export interface UpstreamLost {
  readonly code:
    | "ERR_UPSTREAM_CONNECT"
    | "ERR_UPSTREAM_TLS"
    | "ERR_UPSTREAM_CLOSED"
    /** It was silent for longer than the check's time-out while it owed an answer. */
    | "ERR_UPSTREAM_HUNG"
    | "ERR_UPSTREAM_PROTOCOL"
    /** This side closed it: drain, age, administrator, end of the process. */
    | "ERR_UPSTREAM_RETIRED";
  readonly message: string;
}

/** Why there is no connection to a backend for somebody who asked for one. */
import type { UpstreamLost } from "./response-receiver.ts";

/** Nothing is connected: the client's result is `unavailable`, unless another backend is tried. */
export class UpstreamUnavailable extends Error {
  override readonly name = "UpstreamUnavailable";
  readonly lost: UpstreamLost;
  constructor(lost: UpstreamLost) {
    super(lost.message);
    this.lost = lost;
  }
}

/** The backend is connected but was full until the deadline, or too many wait already: the client's result is `busy`. */
export class UpstreamBusy extends Error {
  override readonly name = "UpstreamBusy";
}

/**
 * The backend answered a bind that the pool made, for the service account or for the credentials of a client, with
 * something else than success. Trying again costs an attempt of the account's lockout.
 */
export class UpstreamBindRefused extends Error {
  override readonly name = "UpstreamBindRefused";
  readonly resultCode: number;
  readonly diagnosticMessage: string;
  constructor(message: string, resultCode: number, diagnosticMessage: string) {
    super(message);
    this.resultCode = resultCode;
    this.diagnosticMessage = diagnosticMessage;
  }
}

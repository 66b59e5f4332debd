/** How a source proves who it is: one verifier for each, fixed by the configuration and never chosen by the caller. */
import { createHash, timingSafeEqual } from "node:crypto";

/** A request as it came, before anything of it is believed. */
export interface InboundRequest {
  /** Names in lower case; the first of several. */
  header(name: string): string | undefined;
  /** The body's octets, untouched: signatures are made over these. */
  readonly body: Uint8Array;
  /** Milliseconds since 1970. */
  readonly receivedMs: number;
}

/** Why a request is not believed: for metrics and the kept copy, never for the caller. */
export type AuthenticationFailure =
  | "missing_credentials"
  | "malformed_credentials"
  | "wrong_credentials"
  | "stale_timestamp"
  | "no_live_secret";

export type Verdict =
  /** `deliveryId`: what the sender signed as the name of this delivery, the same in each of its retries. */
  | { readonly isAuthentic: true; readonly deliveryId?: string }
  | { readonly isAuthentic: false; readonly failure: AuthenticationFailure };

export interface Verifier {
  verify(request: InboundRequest): Verdict;
}

/** A secret that counts until a date: while it is being replaced, two are live. */
export interface LiveSecret {
  readonly value: string;
  /** Milliseconds since 1970; without it, for good. */
  readonly untilMs?: number;
}

/** Those of secrets, or of what was made of them, that count now. */
export function stillLive<Secret extends Pick<LiveSecret, "untilMs">>(
  secrets: readonly Secret[],
  nowMs: number,
): readonly Secret[] {
  return secrets.filter(({ untilMs }) => untilMs === undefined || nowMs < untilMs);
}

export function refused(failure: AuthenticationFailure): Verdict {
  return { isAuthentic: false, failure };
}

/** In a time that tells neither where two texts differ nor how long the expected one is. */
export function isEqualSecret(given: string, expected: string): boolean {
  return timingSafeEqual(sha256(given), sha256(expected));
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

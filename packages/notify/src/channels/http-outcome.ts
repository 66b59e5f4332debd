/**
 * What an HTTP answer, or none, means for a delivery.
 *
 * `failed` is for what is wrong with this very message, which another attempt cannot mend. What is wrong with the endpoint or
 * its configuration (401, 404, a redirect, a certificate) is tried again: it can be mended while the retries last.
 */
import type { HttpResponse } from "../outbound/http-client.ts";
import type { SendOutcome } from "./channel.ts";
import { excerpt, type HideSecrets } from "./secrets.ts";

/** Statuses that mean more than they do by themselves. */
export interface StatusRules {
  /** The message will not be taken, however often. */
  readonly failed: readonly number[];
  /** The endpoint is gone for good. */
  readonly disabled: readonly number[];
}

/** The endpoint wants less of everything. 503 is not of the Standard Webhooks' list, and says the same. */
const slowDown: readonly number[] = [429, 502, 503, 504];

/** A day: more would be the peer putting a delivery off for good. */
const maxRetryAfterMs = 86_400_000;

export function outcomeOfResponse(
  response: HttpResponse,
  rules: StatusRules,
  hide: HideSecrets,
  nowMs: number,
): SendOutcome {
  const { status } = response;
  if (status >= 200 && status < 300) return { status: "delivered", detail: `status ${status}` };
  const text = excerpt(hide(response.body));
  const reason = text === "" ? `status ${status}` : `status ${status}: ${text}`;
  if (rules.disabled.includes(status)) return { status: "disabled", reason };
  if (rules.failed.includes(status)) return { status: "failed", reason };
  if (status >= 300 && status < 400) {
    return { status: "retry", reason: `status ${status}, a redirect, and none is followed: configure its target` };
  }
  const retryAfterMs = parseRetryAfter(response.headers["retry-after"], nowMs);
  return {
    status: "retry",
    reason,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(slowDown.includes(status) ? { slowDown: true } : {}),
  };
}

/** For what `HttpClient.request` throws. */
export function outcomeOfError(error: unknown, hide: HideSecrets, signal: AbortSignal): SendOutcome {
  if (signal.aborted) return { status: "retry", reason: "stopped before there was an answer" };
  return { status: "retry", reason: excerpt(hide(errorText(error))) };
}

/** Node's advice is for its own command line. */
const certificateAdvice = /; if the root CA is installed locally, try running Node\.js with --use-system-ca$/;

/** Of an AggregateError, what each address said: Node leaves its own message empty. */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(errorText).join("; ");
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (error.message === "") return code ?? error.name;
  return error.message.replace(certificateAdvice, ": name its authority's certificate in ca");
}

/** RFC 9110 §10.2.3: seconds, or a date. At most a day; `undefined` for what is neither. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  // Discord writes fractions of a second.
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : /[A-Za-z]/.test(text) ? Date.parse(text) - nowMs : NaN;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, Math.ceil(ms)), maxRetryAfterMs);
}

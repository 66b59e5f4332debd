/** When a delivery is tried again. */

/** Nobody is sent off for longer than this by a peer's Retry-After. */
const maxRetryAfterMs = 86_400_000;
const jitter = 0.1;

export interface RetryQuestion {
  /** The wait before each attempt, the first included. */
  readonly schedule: readonly number[];
  /** Attempts that have failed, 1 or more. */
  readonly failed: number;
  readonly now: number;
  /** Of the peer. */
  readonly retryAfterMs?: number | undefined;
  /** From 0 up to but not including 1. */
  readonly random: () => number;
}

/** Up to a tenth sooner or later than the schedule says, never before the peer said; `undefined` after the last attempt. */
export function nextAttemptAt({ schedule, failed, now, retryAfterMs = 0, random }: RetryQuestion): number | undefined {
  const waitMs = schedule[failed];
  if (waitMs === undefined) return undefined;
  const share = random();
  const asScheduled = waitMs * (1 - jitter + 2 * jitter * share);
  const asAsked = Math.min(Math.max(0, retryAfterMs), maxRetryAfterMs) * (1 + jitter * share);
  return now + Math.round(Math.max(asScheduled, asAsked));
}

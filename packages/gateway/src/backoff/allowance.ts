/**
 * An allowance of tries that refills steadily (the generic cell rate algorithm, ITU-T I.371): its whole state is the time
 * at which it is full again.
 */
export interface Allowance {
  /** Tries that a full allowance holds. */
  readonly burst: number;
  /** Milliseconds in which one try comes back. */
  readonly refillMs: number;
}

/** The state of an allowance; anything in the past means full. */
export type FullAtMs = number;

export function hasTries(allowance: Allowance, fullAtMs: FullAtMs, tries: number, nowMs: number): boolean {
  return waitMs(allowance, fullAtMs, tries, nowMs) <= 0;
}

/** How long until there are so many tries; 0 or less where there are. */
export function waitMs(allowance: Allowance, fullAtMs: FullAtMs, tries: number, nowMs: number): number {
  return Math.max(fullAtMs, nowMs) - nowMs - (allowance.burst - tries) * allowance.refillMs;
}

/** May go below empty, where tries were begun at the same time: the debt is paid back before the next. */
export function spendTries(allowance: Allowance, fullAtMs: FullAtMs, tries: number, nowMs: number): FullAtMs {
  return Math.max(fullAtMs, nowMs) + tries * allowance.refillMs;
}

export function refundTries(allowance: Allowance, fullAtMs: FullAtMs, tries: number): FullAtMs {
  return fullAtMs - tries * allowance.refillMs;
}

/**
 * Tells a backend that works on something long from one that hangs: what is silent while it owes an answer is asked for the
 * root DSE on the same connection, which takes no time.
 */

/**
 * What is to be done about a connection: `probe` it; it is `hung`; or its bind was not answered yet, behind which nothing may
 * be sent, so another connection has to tell (`askElsewhere`).
 */
export type SilenceVerdict = "fine" | "probe" | "hung" | "askElsewhere";

export interface SilenceLimits {
  /** The longest that a backend which hangs goes unnoticed. */
  readonly timeoutMs: number;
  /** A connection on which nothing happens is probed so often, before something on the way forgets it. */
  readonly keepAliveMs: number;
}

/** What a connection is doing when it is judged. */
export interface ConnectionActivity {
  /** Requests await their final response. */
  readonly isOwed: boolean;
  readonly isProbing: boolean;
  readonly isBinding: boolean;
}

/** Connections are judged so often: a hang is noticed one interval late at its beginning, and one at its end. */
export function judgeIntervalMs(timeoutMs: number): number {
  return Math.max(1, timeoutMs / 16);
}

/** What is left of the time-out when an answer is owed for a quarter of it: for the probe, or to ask elsewhere. */
export function probeTimeoutMs(timeoutMs: number): number {
  return (timeoutMs * 10) / 16;
}

/** Looks at flags now and then: the path of the messages asks for no time. */
export class SilenceWatch {
  readonly #limits: SilenceLimits;
  /** Set for every chunk that arrives. */
  isHeard = false;
  /** Set for every request that is sent. */
  isAsked = false;
  /** When the silence that counts began, and when the probe was sent. */
  #sinceMs: number;
  #probedAtMs = 0;
  #wasOwed = false;
  #probeAfterMs: number;

  constructor(limits: SilenceLimits, nowMs: number) {
    this.#limits = limits;
    this.#sinceMs = nowMs;
    this.#probeAfterMs = limits.timeoutMs / 4;
  }

  judge(nowMs: number, { isOwed, isProbing, isBinding }: ConnectionActivity): SilenceVerdict {
    const { timeoutMs, keepAliveMs } = this.#limits;
    if (this.isHeard) this.#sinceMs = nowMs;
    if (this.isAsked && (!this.#wasOwed || this.#probeAfterMs > timeoutMs / 4)) {
      this.#sinceMs = nowMs;
      this.#probeAfterMs = timeoutMs / 4;
    }
    this.isHeard = false;
    this.isAsked = false;
    this.#wasOwed = isOwed;
    const silentMs = nowMs - this.#sinceMs;
    if (isProbing) {
      const hungAfterMs = probeTimeoutMs(timeoutMs);
      return silentMs >= hungAfterMs && nowMs - this.#probedAtMs >= hungAfterMs ? "hung" : "fine";
    }
    if (silentMs < (isOwed ? this.#probeAfterMs : keepAliveMs)) return "fine";
    return isBinding ? "askElsewhere" : "probe";
  }

  probed(nowMs: number): void {
    this.#probedAtMs = nowMs;
  }

  /** The backend works, on something long: it is asked less and less often until something new is. */
  probeAnswered(): void {
    this.#probeAfterMs = Math.min(this.#probeAfterMs * 2, Math.max(this.#limits.keepAliveMs, this.#probeAfterMs));
  }

  /** This process did not run, and could not hear, for so long. */
  forgive(durationMs: number): void {
    this.#sinceMs += durationMs;
    this.#probedAtMs += durationMs;
  }

  /** The silence so far does not count. */
  restart(nowMs: number): void {
    this.#sinceMs = nowMs;
  }
}

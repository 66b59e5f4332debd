/** The time, and something to be done later: an argument, so that a test can hold it. */
export interface Clock {
  /** Milliseconds of a clock that is never set back. */
  now(): number;
  /** Milliseconds since 1970. */
  wallTime(): number;
  /** Runs `run` once, `delayMs` from now, unless the function that is returned is called before. */
  schedule(delayMs: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  schedule(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

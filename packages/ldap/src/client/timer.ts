/** Time-outs, where 0 is none. */

/** What a timer of Node can count; it would fire at once for more. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Calls `callback` once after `timeoutMs`; never for 0, nor for more than 24 days. */
export function startTimer(timeoutMs: number, callback: () => void): NodeJS.Timeout | undefined {
  return timeoutMs > 0 && timeoutMs <= LONGEST_TIMEOUT_MS ? setTimeout(callback, timeoutMs) : undefined;
}

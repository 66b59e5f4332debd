/** Waiting for a condition, with a deadline. */
import { setTimeout as delay } from "node:timers/promises";

export interface UntilOptions {
  /** After this long `until` gives up; 10 seconds unless said. */
  readonly timeoutMs?: number;
  /** Between two looks; 20 ms unless said. */
  readonly intervalMs?: number;
}

/**
 * Looks at `probe` again and again until it returns something other than `undefined` and `false`, and returns that.
 * An error that `probe` throws counts as "not yet" and becomes the cause when time is up.
 *
 * @throws Error that says what was waited for.
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  { timeoutMs = 10_000, intervalMs = 20 }: UntilOptions = {},
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms for ${what}`, { cause });
    await delay(intervalMs);
  }
}

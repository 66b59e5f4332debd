/** An end to waiting, for drivers that would wait for as long as the network is silent. */
import { SourceError } from "./error.ts";

/**
 * What `work` gives, unless it takes longer than `timeoutMs` or the signal is aborted: then `abandon` is called, which
 * ends the connection, and whatever `work` gives afterwards is ignored.
 *
 * @throws SourceError `ERR_SOURCE_TIMEOUT`, or the signal's reason
 */
export async function withDeadline<T>(
  work: Promise<T>,
  timeoutMs: number,
  what: string,
  abandon: () => void,
  signal?: AbortSignal,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = (reason: unknown) => {
    reject(reason);
    abandon();
  };
  const timer = setTimeout(() => {
    giveUp(new SourceError("ERR_SOURCE_TIMEOUT", `${what} had no answer after ${timeoutMs} ms.`));
  }, timeoutMs);
  const onAbort = () => giveUp(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  work.catch(() => undefined);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

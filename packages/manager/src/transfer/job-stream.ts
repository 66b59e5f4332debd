/** A job as it goes on, as server-sent events (WHATWG HTML, section 9.2). */
import { setTimeout as delay } from "node:timers/promises";
import { isActive, type Job } from "./job.ts";
import { jobJson } from "./job-json.ts";

const lookEveryMs = 500;
/** Proxies close what is silent for a minute. */
const heartbeatEvery = 30;

/** @param look gives the job as it is now; it may be another process's */
export async function* followJob(
  look: () => Promise<Job | undefined>,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  let last: string | undefined;
  for (let silent = 0; !signal.aborted; silent += 1) {
    const job = await look();
    if (job === undefined) return;
    const data = JSON.stringify(jobJson(job));
    if (!isActive(job)) {
      yield `event: end\ndata: ${data}\n\n`;
      return;
    }
    if (data !== last) {
      yield `event: progress\ndata: ${data}\n\n`;
      last = data;
      silent = 0;
    } else if (silent >= heartbeatEvery) {
      yield ":\n\n";
      silent = 0;
    }
    await delay(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

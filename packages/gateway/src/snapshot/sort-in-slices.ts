/** A merge sort that gives the event loop back between slices of a few milliseconds, so that searches go on. */
import { setImmediate } from "node:timers/promises";

/** Items sorted at once: about 3 ms of comparing strings. */
const sliceItems = 4096;
/** Items merged before the event loop gets its turn. */
const mergeItems = 50_000;

export async function sortInSlices<T>(items: readonly T[], compare: (a: T, b: T) => number): Promise<T[]> {
  let runs: T[][] = [];
  for (let at = 0; at < items.length; at += sliceItems) {
    runs.push(items.slice(at, at + sliceItems).sort(compare));
    await setImmediate();
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      const [a, b] = [runs[i]!, runs[i + 1]];
      merged.push(b ? await mergeInSlices(a, b, compare) : a);
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergeInSlices<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): Promise<T[]> {
  const merged: T[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    merged.push(j >= b.length || (i < a.length && compare(a[i]!, b[j]!) <= 0) ? a[i++]! : b[j++]!);
    if (merged.length % mergeItems === 0) await setImmediate();
  }
  return merged;
}

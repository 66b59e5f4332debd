/** What processes of this machine hold in memory. */
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/**
 * The bytes that a process and its descendants hold: their resident memory, with pages that several share counted once
 * (the kernel's proportional set size).
 */
export async function residentBytes(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const kibibytes = Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]);
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).split(" ").filter(Boolean);
  const below = await Promise.all(children.map((child) => residentBytes(Number(child))));
  return kibibytes * 1024 + below.reduce((sum, bytes) => sum + bytes, 0);
}

/** The least that they hold within `seconds`: after loading, garbage goes away some time later. */
export async function settledBytes(pid: number, seconds: number): Promise<number> {
  let least = await residentBytes(pid);
  for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
    await delay(500);
    least = Math.min(least, await residentBytes(pid));
  }
  return least;
}

/** 12.3 MB */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** What a process has used, holds open and has started, as /proc tells: proc(5). */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** Linux counts processor time in hundredths of a second, whatever the machine's clock rate. */
const ticksPerSecond = 100;

/** The processor time that a process with all its threads has used, in seconds. */
export async function processorSeconds(pid: number): Promise<number> {
  const line = await readFile(`/proc/${pid}/stat`, "utf8");
  // The second field is the program's name in parentheses, which may hold anything; utime and stime are the 14th and 15th.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Signals a process and those that it started. */
export function signalAll(pid: number, signal: NodeJS.Signals): void {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
  for (const each of [pid, ...children.map(Number)]) process.kill(each, signal);
}

/** How many established TCP connections a process has to one of the ports of this machine. */
export function connectionsTo(pid: number, ports: readonly number[]): number {
  // Both looks without a pause between them: connections that live for milliseconds would be in one only.
  const lines = readFileSync("/proc/net/tcp", "utf8").trim().split("\n").slice(1);
  const sockets = socketInodes(pid);
  const established = "01";
  return lines.filter((line) => {
    const [, , remote = "", state, , , , , , inode = ""] = line.trim().split(/\s+/);
    const port = Number.parseInt(remote.slice(remote.indexOf(":") + 1), 16);
    return state === established && ports.includes(port) && sockets.has(inode);
  }).length;
}

function socketInodes(pid: number): Set<string> {
  const folder = `/proc/${pid}/fd`;
  return new Set(readdirSync(folder).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(target(`${folder}/${fd}`))?.[1] ?? []));
}

/** Where a link leads; nowhere when the descriptor was closed since it was listed. */
function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return "";
  }
}

/** The most that `figure` was while `work` went on, looked at twice a second. */
export async function peak<T>(
  figure: () => number | Promise<number>,
  work: Promise<T>,
): Promise<{ result: T; most: number }> {
  let isOver = false;
  const finished = work.finally(() => {
    isOver = true;
  });
  let most = 0;
  while (!isOver) {
    most = Math.max(most, await figure());
    await Promise.race([finished.catch(() => undefined), delay(500)]);
  }
  return { result: await finished, most };
}

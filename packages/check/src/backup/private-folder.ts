/** Folders and servers that must not outlive the process: what is decrypted goes with it, also when it is told to end, or killed. */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface PrivateFolder extends AsyncDisposable {
  readonly path: string;
}

/** Readable by this user alone. @param purpose becomes part of its name, for somebody who finds it after a crash */
export async function privateFolder(purpose: string): Promise<PrivateFolder> {
  const path = await mkdtemp(join(tmpdir(), `espalier-${purpose}-`));
  const release = removedAtTheEnd(path);
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await rm(path, { recursive: true, force: true });
      release();
    },
  };
}

/** What writes there ends with this process, but not before it: then its folder is not empty for a moment. */
const guarding = 'read -r _; for _ in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$1" && exit; sleep 1; done';

/**
 * Removes what is at `path`, if anything, when the process ends before the function that it returns was called. A shell waits for
 * the end of a pipe that this process alone holds: nothing else learns of SIGKILL.
 */
export function removedAtTheEnd(path: string): () => void {
  const release = untilReleased(() => rmSync(path, { recursive: true, force: true }));
  // In a session of its own: a signal to the group of this process is not for it.
  const guard = spawn("/bin/sh", ["-c", guarding, "sh", path], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // Where there is no shell, the rest is done all the same.
  guard.on("error", () => undefined);
  guard.unref();
  (guard.stdin as Socket).on("error", () => undefined).unref();
  return () => {
    release();
    guard.stdin.destroy();
  };
}

const cleanups = new Set<() => void>();
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs `cleanUp` when the process ends, or is told to by a signal, before the function that it returns was called. */
export function untilReleased(cleanUp: () => void): () => void {
  if (cleanups.size === 0) {
    process.on("exit", cleanUpAll);
    for (const signal of signals) process.on(signal, endBy);
  }
  cleanups.add(cleanUp);
  return () => {
    cleanups.delete(cleanUp);
    if (cleanups.size === 0) stopListening();
  };
}

/** The last that was begun first: a server before its folder. */
function cleanUpAll(): void {
  for (const cleanUp of [...cleanups].reverse()) cleanUp();
  cleanups.clear();
}

function endBy(signal: NodeJS.Signals): void {
  cleanUpAll();
  stopListening();
  process.kill(process.pid, signal);
}

function stopListening(): void {
  process.off("exit", cleanUpAll);
  for (const signal of signals) process.off(signal, endBy);
}

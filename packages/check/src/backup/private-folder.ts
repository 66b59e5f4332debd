/** Folders and servers that must not outlive the process: what is decrypted goes with it, also when it is told to end. */
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface PrivateFolder extends AsyncDisposable {
  readonly path: string;
}

/** Readable by this user alone. @param purpose becomes part of its name, for somebody who finds it after a crash */
export async function privateFolder(purpose: string): Promise<PrivateFolder> {
  const path = await mkdtemp(join(tmpdir(), `espalier-${purpose}-`));
  const release = untilReleased(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await rm(path, { recursive: true, force: true });
      release();
    },
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

/** Programs of the tests in processes of their own, killed when the test has finished. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { onTestFinished } from "vitest";

export interface Child {
  readonly process: ChildProcessByStdio<null, Readable, null>;
  /** What it has printed, line by line, without a last line that it has not finished. */
  readonly lines: readonly string[];
  /** Resolves when it has ended and all it printed is in `lines`. */
  readonly ended: Promise<number | null>;
}

/** @param program beside the test: `new URL("./writer.ts", import.meta.url)` */
export function startChild(program: URL, parameters: readonly string[]): Child {
  const child = spawn(process.execPath, [program.pathname, ...parameters], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const lines: string[] = [];
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  });
  return { process: child, lines, ended: once(child, "close").then(([code]) => code as number | null) };
}

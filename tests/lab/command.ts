/** A program that is run to its end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { childEnvironment, programPath } from "./programs.ts";

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Written to its standard input, which is closed then. */
  readonly input?: string | Uint8Array;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory?: string;
  /** After this long it is killed; 60 seconds unless said. */
  readonly timeoutMs?: number;
}

/** Runs a program and returns how it ended. A program that a signal ended has the exit code 128. */
export async function runCommand(
  program: string,
  parameters: readonly string[],
  { input = "", environment, workingDirectory, timeoutMs = 60_000 }: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(programPath(program), parameters, {
    env: childEnvironment(environment),
    timeout: timeoutMs,
    killSignal: "SIGKILL",
    ...(workingDirectory === undefined ? {} : { cwd: workingDirectory }),
  });
  const stdout: string[] = [];
  const stderr: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.push(text));
  // A program that ends without reading its input closes the pipe under us; its exit code says why.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [exitCode] = await once(child, "close");
  return { exitCode: exitCode ?? 128, stdout: stdout.join(""), stderr: stderr.join("") };
}

/** Runs a program that must succeed and returns what it printed. @throws Error with what it said when it fails. */
export async function succeed(
  program: string,
  parameters: readonly string[],
  options?: CommandOptions,
): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(program, parameters, options);
  if (exitCode === 0) return stdout;
  throw new Error(`${program} ${parameters.join(" ")} ended with ${exitCode}:\n${(stderr || stdout).slice(-4000)}`);
}

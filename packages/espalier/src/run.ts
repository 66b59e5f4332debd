/** Reads what was asked for, hands it to a service, and turns its end into an exit code. */
import { CommanderError } from "commander";
import { exitCode } from "./exit-code.ts";
import { createProgram } from "./program.ts";

try {
  await createProgram(process.env).parseAsync(process.argv);
} catch (error) {
  process.exitCode = await report(error);
}

async function report(error: unknown): Promise<number> {
  // Commander has said what was wrong already; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
  const { startFailure } = await import("./start-failure.ts");
  const sentence = startFailure(error);
  if (sentence !== undefined) {
    process.stderr.write(`${sentence}\n`);
    return exitCode.usage;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return exitCode.internal;
}

/** `espalier support-bundle`: what helps somebody else to help. It says what it holds before it writes anything. */
import type { Command } from "commander";
import type { Environment } from "../configuration.ts";

export interface SupportBundleOptions {
  readonly config?: string;
  readonly log?: string;
  readonly output?: string;
  readonly yes?: boolean;
}

export function addSupportBundleCommands(program: Command, environment: Environment, fileHelp: string): void {
  program
    .command("support-bundle")
    .description(
      "gather versions, configuration, health, figures and findings, without secrets, for somebody who is to help",
    )
    .option("-c, --config <file>", fileHelp)
    .option("--log <file>", "also the end of that log")
    .option("--output <file>", "where to write it (default: espalier-support-TIME.tar.gz)")
    .option("--yes", "do not ask")
    .action(async (options: SupportBundleOptions) => {
      const { supportBundle } = await import("./support-bundle.ts");
      process.exitCode = await supportBundle(environment, options);
    });
}

/** `espalier slo generate`: Prometheus rules out of service level objectives. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { exitCode } from "../exit-code.ts";

export function addSloCommands(program: Command): void {
  const slo = program.command("slo").description("service level objectives");
  slo
    .command("generate")
    .description("write Prometheus's recording and alerting rules from a definition file")
    .argument("<file>", "the definitions, YAML")
    .option("-o, --output <file>", "where to write the rules (default: standard output)")
    .action(async (file: string, { output }: { readonly output?: string }) => {
      process.exitCode = await generate(file, output);
    });
}

async function generate(file: string, output: string | undefined): Promise<number> {
  const { formatSloRules, parseSloDefinitions, SloDefinitionError } = await import("@espalier/notify");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    process.stderr.write(`The definitions ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).\n`);
    return exitCode.internal;
  }
  let rules: string;
  try {
    rules = formatSloRules(parseSloDefinitions(text, file), file);
  } catch (error) {
    if (!(error instanceof SloDefinitionError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return exitCode.usage;
  }
  if (output === undefined) {
    process.stdout.write(rules);
    return exitCode.ok;
  }
  try {
    writeFileSync(output, rules);
    return exitCode.ok;
  } catch (error) {
    process.stderr.write(`The rules cannot be written to ${output} (${(error as NodeJS.ErrnoException).code}).\n`);
    return exitCode.usage;
  }
}

/** `espalier render`: configuration out of templates, all of it or nothing. */
import type { Rendering } from "@espalier/check/render";
import type { Command } from "commander";
import type { Environment } from "../configuration.ts";
import { exitCode } from "../exit-code.ts";
import { repeated } from "./checked-option.ts";
import type { Output } from "./events.ts";

interface RenderOptions {
  readonly to: string;
  readonly envFile?: readonly string[];
  readonly require?: readonly string[];
  readonly check?: boolean;
}

export function addRenderCommands(program: Command, environment: Environment, out: Output = process.stdout): void {
  program
    .command("render")
    .description(
      "fill in the {{NAMES}} of templates, each value written as its place needs; where one is missing, write nothing",
    )
    .argument("<source...>", "templates: files, or folders of them")
    .requiredOption("--to <folder>", "where to write what they become")
    .option(
      "--env-file <file>",
      "a file of NAME=value lines; may be given several times, the environment counts before it",
      repeated,
    )
    .option("--require <name>", "fail unless a template uses that name; may be given several times", repeated)
    .option("--check", "write nothing, and show what would change")
    .action(async (sources: readonly string[], options: RenderOptions) => {
      process.exitCode = await render(sources, options, environment, out);
    });
}

async function render(
  sources: readonly string[],
  { to, envFile = [], require = [], check = false }: RenderOptions,
  environment: Environment,
  out: Output,
): Promise<number> {
  const { compareFile, InputError, readVariables, renderFiles, replaceFiles } = await import("@espalier/check/render");
  const folder = process.cwd();
  let rendering: Rendering;
  try {
    const variables = readVariables({ envFiles: envFile, folder, environment });
    for (const name of variables.overridden) {
      process.stderr.write(`${name} is taken from the environment, which has another value than the file.\n`);
    }
    rendering = renderFiles({ sources, target: to, folder, variables, required: require });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const place = error.location === undefined ? "" : `${error.location.file}:${error.location.line}: `;
    process.stderr.write(`${place}${error.message}. Nothing was written.\n`);
    return exitCode.internal;
  }
  if (rendering.problems.length > 0) {
    for (const { location, message } of rendering.problems) {
      const place = location === undefined ? "" : `${location.file}:${location.line}:${location.column}: `;
      process.stderr.write(`${place}${message}\n`);
    }
    process.stderr.write("Nothing was written.\n");
    return exitCode.usage;
  }
  try {
    const changed = rendering.files.map((file) => compareFile(file)).filter(({ isChanged }) => isChanged);
    if (check) {
      for (const { file, diff, currentMode } of changed) {
        out.write(diff);
        if (currentMode !== undefined && currentMode !== file.mode) {
          out.write(`${file.path}: permissions ${octal(currentMode)} would become ${octal(file.mode)}\n`);
        }
      }
    } else {
      await replaceFiles(changed.map(({ file }) => file));
      for (const { file } of changed) out.write(`${file.path} (${octal(file.mode)})\n`);
    }
    process.stderr.write(summary(rendering.files.length, changed.length, check));
    return check && changed.length > 0 ? exitCode.findings : exitCode.ok;
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    process.stderr.write(`${path ?? to} cannot be read or written (${code}). Everything is as it was.\n`);
    return exitCode.internal;
  }
}

function summary(all: number, changed: number, isCheck: boolean): string {
  const files = all === 1 ? "1 file" : `${all} files`;
  if (changed === 0) return `${files}, all as rendered already.\n`;
  return `${changed} of ${files} ${isCheck ? "would change" : "written"}.\n`;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

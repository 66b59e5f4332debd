/** The files of the systems that Espalier takes the place of, as somebody has them, and the command over them. */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  ChildServer,
  type CommandResult,
  childEnvironment,
  runCommand,
  type TemporaryDirectory,
} from "@espalier/tests/lab";

export const executable = fileURLToPath(new URL("../../../packages/espalier/bin/espalier.mjs", import.meta.url));

/** Its text, with `changes` in place of what a test cannot have: addresses, ports. @throws Error where one of them is not in it */
export function oldFile(path: string, changes: Readonly<Record<string, string>> = {}): string {
  let text = readFileSync(new URL(`../../fixtures/old-systems/${path}`, import.meta.url), "utf8");
  for (const [was, is] of Object.entries(changes)) {
    if (!text.includes(was)) throw new Error(`${path} has no ${was}`);
    text = text.replaceAll(was, is);
  }
  return text;
}

/** A file of variables as `docker --env-file` reads it: everything after the first `=` is the value. */
export function environmentFile(path: string, changes?: Readonly<Record<string, string>>): Record<string, string> {
  const lines = oldFile(path, changes).split("\n");
  const variables = lines.filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    variables.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

type Environment = Readonly<Record<string, string>>;

/** Starts `espalier WORDS` in a folder, with these variables as well. */
export function startEspalier(
  words: readonly string[],
  environment: Environment,
  place: TemporaryDirectory,
): ChildServer {
  return new ChildServer(process.execPath, [executable, ...words], { environment, workingDirectory: place.path });
}

/** What somebody types in a folder, line by line, in one shell that ends with the first line that fails. */
export async function shell(
  lines: readonly string[],
  environment: Environment,
  place: TemporaryDirectory,
): Promise<CommandResult> {
  const folder = place.file("bin");
  await mkdir(folder, { recursive: true });
  for (const [name, target] of [
    ["espalier", executable],
    ["node", process.execPath],
  ] as const) {
    if (!existsSync(`${folder}/${name}`)) await symlink(target, `${folder}/${name}`);
  }
  return runCommand("bash", ["-ec", lines.join("\n")], {
    environment: { ...environment, PATH: `${folder}:${childEnvironment().PATH}` },
    workingDirectory: place.path,
  });
}

/** `espalier WORDS`, to its end. */
export function espalier(
  words: readonly string[],
  environment: Environment,
  place: TemporaryDirectory,
): Promise<CommandResult> {
  return runCommand(process.execPath, [executable, ...words], { environment, workingDirectory: place.path });
}

/** Puts the configuration and its secrets where they belong: whole or not at all, and never over something by accident. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { type Environment, loadWholeConfiguration } from "../configuration.ts";

export interface Files {
  readonly output: string;
  readonly text: string;
  /** By the names of their variables. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly isForced: boolean;
}

/** Something is there already. */
export class ExistingFileError extends Error {
  override readonly name = "ExistingFileError";
}

/** Where a secret is kept: `credentials/sql_uri` beside the file, as the systemd units have it. */
export function credentialPath(output: string, variable: string): string {
  return join(dirname(output), "credentials", variable.toLowerCase());
}

/** Before anybody is asked anything. @throws {ExistingFileError} */
export function refuseExisting(output: string, isForced: boolean): void {
  if (!isForced && existsSync(output)) throw new ExistingFileError(`${output} is there already`);
}

/** @throws {ExistingFileError} */
export async function writeFiles({ output, text, secrets, isForced }: Files): Promise<void> {
  const { writeDurably } = await import("@espalier/check/bootstrap");
  const credentials = [...secrets].map(([variable, secret]) => [credentialPath(output, variable), secret] as const);
  for (const [path] of [...credentials, [output]] as const) refuseExisting(path, isForced);
  // The user of the service reads what is in it; the secrets root alone, who hands them to the service.
  await mkdir(dirname(output), { recursive: true, mode: 0o755 });
  if (credentials.length > 0) await mkdir(dirname(credentials[0]![0]), { recursive: true, mode: 0o700 });
  const write = async (path: string, content: string, mode: number) => {
    try {
      await writeDurably(path, content, { mode, isNew: !isForced });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      throw new ExistingFileError(`${path} is there already`);
    }
  };
  for (const [path, secret] of credentials) await write(path, `${secret}\n`, 0o600);
  // Last: whoever finds it finds what it needs.
  await write(output, text, 0o640);
}

/** Reads the text as a start would. @throws ConfigurationError */
export function checkText({ output, text, secrets }: Files, environment: Environment): void {
  const folder = mkdtempSync(join(tmpdir(), "espalier-init-"));
  try {
    const file = join(folder, basename(output));
    writeFileSync(file, text, { mode: 0o600 });
    loadWholeConfiguration({ ...environment, ...Object.fromEntries(secrets) }, file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

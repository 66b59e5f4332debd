/** The values of placeholders: from the environment, and from files of `NAME=value` lines as compose has them. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { namesSecret } from "@espalier/service/plain";
import { parseDotenv } from "../inputs/dotenv.ts";
import { InputError, SourceFile } from "../inputs/source-file.ts";

interface Variable {
  readonly value: string;
  /** Its value is never shown, and what holds it is for its owner alone to read. */
  readonly isSecret: boolean;
}

export interface Variables {
  get(name: string): Variable | undefined;
  /** Those of the files; the environment is full of others'. */
  readonly names: readonly string[];
  /** Names that a file gives one value and the environment another, which counts. */
  readonly overridden: readonly string[];
}

export interface VariableSources {
  /** Relative to `folder`. Of two that have a name the later counts. */
  readonly envFiles: readonly string[];
  readonly folder: string;
  /** Counts before the files, as with compose. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** @throws {InputError} for a file that cannot be read. */
export function readVariables({ envFiles, folder, environment }: VariableSources): Variables {
  const fromFiles = new Map<string, string>();
  for (const path of envFiles) {
    const lookup = (name: string) => {
      const value = environment[name] ?? fromFiles.get(name);
      return value === undefined ? undefined : { value, from: "environment" as const };
    };
    for (const { name, value } of parseDotenv(readEnvFile(path, folder), { lookup }).variables)
      fromFiles.set(name, value);
  }
  return {
    names: [...fromFiles.keys()],
    overridden: [...fromFiles].filter(([name, value]) => (environment[name] ?? value) !== value).map(([name]) => name),
    get(name) {
      const value = environment[name] ?? fromFiles.get(name);
      return value === undefined ? undefined : { value, isSecret: isSecretVariable(name, value) };
    },
  };
}

function readEnvFile(path: string, folder: string): SourceFile {
  const absolutePath = resolve(folder, path);
  try {
    return new SourceFile({ path, absolutePath, text: readFileSync(absolutePath, "utf8") });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(code === "ENOENT" ? `there is no file ${path}` : `${path} cannot be read (${code})`);
  }
}

const secretWords =
  /(?:^|_)(?:PASS|PASSWD|PASSWORD|PASSPHRASE|PW|PWD|SECRETS?|TOKEN|KEY|CREDENTIALS?|HASH|SALT)(?:_|\d*$)/i;

/** By its name, or because it is a URL with a password. */
export function isSecretVariable(name: string, value: string): boolean {
  if (namesSecret(name) || /:\/\/[^\s/@]*:[^\s/@]+@/.test(value) || /-----BEGIN [A-Z ]*PRIVATE KEY/.test(value))
    return true;
  return secretWords.test(name) && !/(?:^|_)PUBLIC(?:_|$)/i.test(name);
}

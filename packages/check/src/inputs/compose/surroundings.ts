/** What a compose file is read in: the folder that its paths begin at, and what fills its variables. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseDotenv } from "../dotenv.ts";
import type { Lookup } from "../interpolation.ts";
import type { SourceFile } from "../source-file.ts";
import type { SourceFiles } from "../source-files.ts";

export interface Surroundings {
  /** Absolute: the project directory. */
  readonly folder: string;
  readonly lookup: Lookup;
}

export function lookupIn(environment: Readonly<Record<string, string | undefined>>): Lookup {
  return (name) => {
    const value = environment[name];
    return value === undefined ? undefined : { value, from: "environment" };
  };
}

/** The first of several lookups that knows a name fills it. */
export function firstOf(...lookups: readonly Lookup[]): Lookup {
  return (name) => {
    for (const lookup of lookups) {
      const variable = lookup(name);
      if (variable !== undefined) return variable;
    }
    return undefined;
  };
}

/** The `.env` of a folder, where it has one. @throws {InputError} where it cannot be read. */
export function dotenvOf(folder: string, files: SourceFiles): readonly SourceFile[] {
  const path = join(folder, ".env");
  return existsSync(path)
    ? [files.follow(path, { file: files.shown(path), line: 1, column: 1, start: 0, end: 0 })]
    : [];
}

/**
 * What fills variables before, and then environment files, of which the later win.
 *
 * @throws {InputError}
 */
export function withEnvFiles(before: Lookup, files: readonly SourceFile[]): Lookup {
  const values = new Map<string, string>();
  for (const file of files) {
    for (const { name, value } of parseDotenv(file, { lookup: before }).variables) values.set(name, value);
  }
  return firstOf(before, (name) => {
    const value = values.get(name);
    return value === undefined ? undefined : { value, from: "dotenv" };
  });
}

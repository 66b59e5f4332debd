/** The name of a compose project, which compose fills in as a variable too. */
import { basename } from "node:path";
import { InterpolationError, interpolate, type Lookup } from "../interpolation.ts";
import type { SourceFile } from "../source-file.ts";
import { parseYaml } from "../yaml.ts";

export const projectNameVariable = "COMPOSE_PROJECT_NAME";

/** What the files say, of which the last counts; else the name of the folder. Who sets the variable himself comes before this. */
export function projectNameLookup(files: readonly SourceFile[], folder: string, lookup: Lookup): Lookup {
  const written = files.flatMap(parseYaml).flatMap((document) => document.get("name")?.text ?? []);
  const value = filledIn(written.at(-1), lookup) ?? nameOfFolder(folder);
  return (name) => (name === projectNameVariable ? { value, from: "environment" } : undefined);
}

function filledIn(name: string | undefined, lookup: Lookup): string | undefined {
  try {
    return name === undefined ? undefined : interpolate(name, lookup).value;
  } catch (error) {
    // It is reported where the file is loaded.
    if (error instanceof InterpolationError) return undefined;
    throw error;
  }
}

/** As Docker makes it: small letters, digits, dashes and underscores, of which it does not begin with the last two. */
function nameOfFolder(folder: string): string {
  return basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, "")
    .replace(/^[_-]+/, "");
}

/** Programs that a test runs beside the code: skipped with the Debian package that brings one, required in CI. */
import { spawnSync } from "node:child_process";

export interface RequiredProgram {
  readonly isMissing: boolean;
  /** To put behind the name of a test. */
  readonly note: string;
}

/** `args` must make it end with 0 by itself. */
export function requireProgram(program: string, args: readonly string[], debianPackage: string): RequiredProgram {
  const isThere = process.env.CI === "true" || spawnSync(program, args).status === 0;
  return { isMissing: !isThere, note: isThere ? "" : ` (needs ${program}: install ${debianPackage})` };
}

/** A copy in a borg repository, which must be there: `borg init` makes it. */
import { BackupError } from "../backup-error.ts";
import { programPath, streamOf, textOf } from "../child-program.ts";
import type { BackupTarget } from "../config.ts";
import { compareWithManifest } from "./read-back.ts";
import type { FinishedBackup, TargetOptions } from "./target.ts";

export async function copyToBorg(
  backup: FinishedBackup,
  { repository, passphraseFile }: Extract<BackupTarget, { kind: "borg" }>,
  { environment }: TargetOptions,
): Promise<string> {
  const borg = programPath("borg", "borgbackup", environment);
  const options = {
    environment,
    inheritsEverything: true,
    // Of borg's own: the command is split as a shell would, but no shell runs it.
    variables: passphraseFile === undefined ? {} : { BORG_PASSCOMMAND: `cat ${quote(passphraseFile)}` },
  };
  const archive = `${repository}::espalier-${backup.name}`;
  try {
    await textOf(borg, ["create", "--compression", "none", archive, backup.path], options);
    // Borg keeps paths without their first slash.
    const inside = backup.path.replace(/^\//, "");
    await compareWithManifest(backup, (file) =>
      streamOf(borg, ["extract", "--stdout", archive, `${inside}/${file}`], options),
    );
    return `the borg archive ${archive}`;
  } catch (error) {
    throw new BackupError(
      "failed",
      `${backup.name} is whole in ${backup.path}, but was not copied to the borg repository ${repository}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

function quote(path: string): string {
  return `'${path.replaceAll("'", `'"'"'`)}'`;
}

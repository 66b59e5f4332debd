/** A copy in a restic repository, which must be there: `restic init` makes it. */
import { BackupError } from "../backup-error.ts";
import { programPath, streamOf, textOf } from "../child-program.ts";
import type { BackupTarget } from "../config.ts";
import { compareWithManifest } from "./read-back.ts";
import type { FinishedBackup, TargetOptions } from "./target.ts";

export async function copyToRestic(
  backup: FinishedBackup,
  { repository, passwordFile }: Extract<BackupTarget, { kind: "restic" }>,
  { environment }: TargetOptions,
): Promise<string> {
  const restic = programPath("restic", "restic", environment);
  const options = {
    environment,
    inheritsEverything: true,
    variables: { RESTIC_REPOSITORY: repository, RESTIC_PASSWORD_FILE: passwordFile },
  };
  try {
    const lines = (await textOf(restic, ["backup", "--json", "--tag", "espalier", backup.path], options))
      .trim()
      .split("\n");
    const { snapshot_id: snapshot } = JSON.parse(lines.at(-1) ?? "{}") as { snapshot_id?: string };
    if (snapshot === undefined) throw new Error("restic told no snapshot");
    await compareWithManifest(backup, (file) =>
      streamOf(restic, ["dump", snapshot, `${backup.path}/${file}`], options),
    );
    return `the restic repository ${repository}, snapshot ${snapshot.slice(0, 8)}`;
  } catch (error) {
    throw new BackupError(
      "failed",
      `${backup.name} is whole in ${backup.path}, but was not copied to the restic repository ${repository}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** Where a backup is copied to beside its own folder; what was written there is read back, byte for byte. */

import type { Environment } from "../child-program.ts";
import type { BackupTarget } from "../config.ts";
import type { Manifest } from "../manifest.ts";
import type { Keep } from "../retention.ts";
import { copyToBorg } from "./borg.ts";
import { copyToDirectory } from "./directory.ts";
import { copyToRestic } from "./restic.ts";

export interface FinishedBackup {
  readonly name: string;
  /** Its folder. */
  readonly path: string;
  readonly manifest: Manifest;
}

export interface TargetOptions {
  readonly environment: Environment;
  /** Of a folder: which backups stay there. A repository has rules of its own. */
  readonly keep: Keep | undefined;
}

/** Resolves to where it is, for people. @throws BackupError; the backup itself is whole all the same */
export function copyToTarget(backup: FinishedBackup, target: BackupTarget, options: TargetOptions): Promise<string> {
  switch (target.kind) {
    case "directory":
      return copyToDirectory(backup, target, options);
    case "restic":
      return copyToRestic(backup, target, options);
    case "borg":
      return copyToBorg(backup, target, options);
  }
}

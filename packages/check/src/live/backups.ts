/** The receipts that backups and drills have left, as far as they can be believed. */
import { BackupFolder } from "../backup/backup-folder.ts";
import type { Unreadable } from "../engine/project.ts";
import type { BackupReceipts } from "../observed/backup-receipts.ts";
import type { LiveTargets } from "./targets.ts";

export interface BackupLook {
  readonly documents: BackupReceipts;
  /** Receipts whose signature is wrong, and the like. */
  readonly unreadable: readonly Unreadable[];
}

/** @throws BackupError where the folder cannot be read; one that is not there has no receipts */
export async function observeBackups({
  directory,
  signingKeyFile,
}: NonNullable<LiveTargets["backups"]>): Promise<BackupLook> {
  const { receipts, problems } = await new BackupFolder(directory, signingKeyFile).readReceipts();
  return {
    documents: {
      target: directory,
      receipts: receipts.map(({ kind, backup, time, isPassed, parts }) => {
        return { kind, backup, time: Date.parse(time), isPassed, parts: parts.map(({ name }) => name) };
      }),
    },
    unreadable: problems.map((message) => ({ subject: directory, message })),
  };
}

/** `@espalier/check/backup`: backups of what a configuration names, and the proof that they can be restored. */
export { BackupError, type BackupErrorKind, DamagedError } from "./backup-error.ts";
export { BackupFolder } from "./backup-folder.ts";
export { type BackupsConfig, backupsConfig } from "./config.ts";
export { type CreatedBackup, type CreateOptions, createBackup } from "./create.ts";
export { type DrillOptions, drillBackup } from "./drill.ts";
export { readUnlocking, type Unlocking } from "./encryption.ts";
export { type BackupList, type ListedBackup, listBackups } from "./list.ts";
export { lockFolder } from "./lock.ts";
export { observeBackups } from "./observe-backups.ts";
export { OpenedBackup, UnlockedBackup } from "./opened-backup.ts";
export { type Progress, type Step, silent } from "./progress.ts";
export { proofOf } from "./proof.ts";
export { type Restored, type RestoreOptions, restorePart, type TargetDescription } from "./restore.ts";
export { openSigningKey, PublicKey, readPublicKey } from "./signing-key.ts";
export type { DatabaseSource, DirectorySource, FilesSource, PartSource } from "./source.ts";
export { type PartOutcome, type Verification, type VerifyOptions, verifyBackup } from "./verify.ts";

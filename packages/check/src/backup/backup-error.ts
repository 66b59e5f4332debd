/** Why a backup, or a restore of one, did not come about, as a sentence that says what to do. */

/** `refused` is what the user asked for and cannot have; `failed` is a server, a program or a disk that did not do its part. */
export type BackupErrorKind = "refused" | "failed";

export class BackupError extends Error {
  override readonly name = "BackupError";
  readonly kind: BackupErrorKind;

  constructor(kind: BackupErrorKind, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.kind = kind;
  }
}

/** A file of a backup that is not as it was written. */
export class DamagedError extends Error {
  override readonly name = "DamagedError";
  /** Within the backup: `manifest.json`. */
  readonly file: string;

  constructor(file: string, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.file = file;
  }
}

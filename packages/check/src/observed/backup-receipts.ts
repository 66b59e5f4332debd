/** The receipts that backups and drills leave, which rules about backups read. */
export interface BackupReceipt {
  readonly kind: "create" | "verify" | "drill";
  /** The backup it is about. */
  readonly backup: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly isPassed: boolean;
  /** What it holds or held: `store`, `configuration`, `ldap:ldap1`, `sql:gateway`. */
  readonly parts: readonly string[];
}

export interface BackupReceipts {
  /** The folder of backups, as the configuration has it. */
  readonly target: string;
  readonly receipts: readonly BackupReceipt[];
}

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
  /** Those whose signature is right. */
  readonly receipts: readonly BackupReceipt[];
  /** So old may the newest backup be; 2 days unless set. */
  readonly maxAgeMs?: number;
  /** So long ago may the last restore have been tried; 35 days unless set. */
  readonly drillMaxAgeMs?: number;
  /** Whether the folder is on the disk of what is backed up, and nothing is copied elsewhere. */
  readonly isOnSameDisk?: boolean;
}

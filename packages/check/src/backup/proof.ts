/** The receipt of a verification or a drill. */
import type { OpenedBackup } from "./opened-backup.ts";
import type { Receipt } from "./receipt.ts";
import type { PartOutcome } from "./verify.ts";

export interface Proof {
  readonly kind: "verify" | "drill";
  readonly backup: OpenedBackup;
  readonly isPassed: boolean;
  readonly parts: readonly PartOutcome[];
  readonly now: number;
  readonly host: string;
}

export function proofOf({ kind, backup, isPassed, parts, now, host }: Proof): Receipt {
  return {
    ...{ format: "espalier-receipt-1", kind, backup: backup.name, manifest: backup.manifestHash },
    ...{ time: new Date(now).toISOString(), host, isPassed },
    parts: parts.map(({ name, problems, count }) => ({
      ...{ name, isPassed: problems.length === 0, problems: [...problems] },
      ...(count === undefined ? {} : { count }),
    })),
  };
}

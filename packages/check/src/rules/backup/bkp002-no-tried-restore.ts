import { formatDuration } from "@espalier/service/plain";
import { defineRule } from "../../engine/rule.ts";
import type { BackupReceipts } from "../../observed/backup-receipts.ts";

const dayMs = 86_400_000;
const defaults = { maxAgeMs: 2 * dayMs, drillMaxAgeMs: 35 * dayMs };

export const bkp002 = defineRule({
  id: "BKP002",
  title: "no verified restore",
  severity: "high",
  profile: "lab",
  reads: ["backupReceipts"],
  fix: "none",
  explanation: `A backup that was never restored is a hope. \`espalier backup drill\` restores the newest one into scratch servers, compares entries and rows with what was there when it was made, and leaves a signed receipt; this rule reads the receipts.

It also asks that the newest backup is not older than \`check.backups.maxAge\`: a job that stopped is noticed by nobody else.`,
  references: ["NIST SP 800-34 Rev. 1, 3.4.1 and 3.5 (backup, testing)", "CIS Controls v8, 11.5 (test data recovery)"],
  *find(project, { now }) {
    for (const receipts of project.of("backupReceipts")) {
      const { target, maxAgeMs = defaults.maxAgeMs, drillMaxAgeMs = defaults.drillMaxAgeMs } = receipts;
      const created = lastOf(receipts, "create");
      if (created === undefined || now - created.time > maxAgeMs) {
        const age =
          created === undefined
            ? ""
            : ` is ${ageOf(now - created.time)} old, and ${formatDuration(maxAgeMs)} are allowed`;
        yield {
          subject: target,
          message: created === undefined ? `there is no backup in ${target}` : `the newest backup in ${target}${age}`,
          path: "check.backups.maxAge",
          fix: "Run `espalier backup create`, and look why the job that should do so does not:\nsystemctl list-timers 'espalier*'; journalctl -u espalier-backup",
        };
      }
      if (created === undefined) continue;
      const drilled = lastOf(receipts, "drill");
      const message = problemOf(target, drilled, now, drillMaxAgeMs);
      if (message === undefined) continue;
      yield {
        subject: target,
        message,
        path: "check.backups.drillMaxAge",
        fix: "Run `espalier backup drill`, and let it run every month.",
      };
    }
  },
});

type Receipt = BackupReceipts["receipts"][number];

function lastOf({ receipts }: BackupReceipts, kind: Receipt["kind"]): Receipt | undefined {
  return receipts
    .filter((each) => each.kind === kind)
    .reduce<Receipt | undefined>(
      (last, each) => (last === undefined || each.time >= last.time ? each : last),
      undefined,
    );
}

function problemOf(target: string, drilled: Receipt | undefined, now: number, maxAgeMs: number): string | undefined {
  if (drilled === undefined) return `no backup in ${target} was ever restored to try it`;
  if (!drilled.isPassed) return `${drilled.backup} in ${target} could not be restored when that was last tried`;
  if (now - drilled.time <= maxAgeMs) return undefined;
  const age = ageOf(now - drilled.time);
  return `a backup in ${target} was last restored to try it ${age} ago, and ${formatDuration(maxAgeMs)} are allowed`;
}

/** In whole days, or hours of the first. */
function ageOf(ms: number): string {
  const unit = ms >= dayMs ? dayMs : 3_600_000;
  return formatDuration(Math.floor(ms / unit) * unit);
}

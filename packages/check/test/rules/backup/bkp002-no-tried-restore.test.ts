import { describe, expect, it } from "vitest";
import type { BackupReceipt, BackupReceipts } from "../../../src/observed/backup-receipts.ts";
import { bkp002 } from "../../../src/rules/backup/bkp002-no-tried-restore.ts";
import { findingsOf, observed } from "../../project.ts";

const day = 86_400_000;
const now = Date.UTC(2026, 0, 15);

function receipt(kind: BackupReceipt["kind"], daysAgo: number, isPassed = true): BackupReceipt {
  return { kind, backup: "2026-01-01T020000Z", time: now - daysAgo * day, isPassed, parts: ["store"] };
}

function messages(receipts: readonly BackupReceipt[], more: Partial<BackupReceipts> = {}) {
  const project = observed({ backupReceipts: [{ target: "/backups", receipts, ...more }] });
  return findingsOf(bkp002, project, { now, profile: "lab" });
}

describe("BKP002", () => {
  it("finds backups that nobody ever tried to restore", () => {
    expect(messages([receipt("create", 1), receipt("verify", 1)])).toEqual([
      {
        rule: "BKP002",
        title: "no verified restore",
        severity: "high",
        subject: "/backups",
        message: "no backup in /backups was ever restored to try it",
        path: "check.backups.drillMaxAge",
        fix: "Run `espalier backup drill`, and let it run every month.",
        fixability: "none",
        edits: [],
        fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    ]);
  });

  it("is content with a drill that passed and a backup of yesterday", () => {
    expect(messages([receipt("create", 1), receipt("drill", 34)])).toEqual([]);
  });

  it.each([
    [
      "a drill that is too old",
      [receipt("create", 1), receipt("drill", 36)],
      {},
      "a backup in /backups was last restored to try it 36d ago, and 35d are allowed",
    ],
    [
      "a drill that is too old for what is configured",
      [receipt("create", 1), receipt("drill", 8)],
      { drillMaxAgeMs: 7 * day },
      "a backup in /backups was last restored to try it 8d ago, and 7d are allowed",
    ],
    [
      "a drill that failed after one that passed",
      [receipt("create", 1), receipt("drill", 3), receipt("drill", 2, false)],
      {},
      "2026-01-01T020000Z in /backups could not be restored when that was last tried",
    ],
    [
      "a newest backup that is too old",
      [receipt("create", 3), receipt("create", 9), receipt("drill", 1)],
      {},
      "the newest backup in /backups is 3d old, and 2d are allowed",
    ],
    ["no backup at all", [], {}, "there is no backup in /backups"],
  ] as const)("finds %s", (_, receipts, more, message) => {
    expect(messages(receipts, more).map((finding) => finding.message)).toEqual([message]);
  });
});

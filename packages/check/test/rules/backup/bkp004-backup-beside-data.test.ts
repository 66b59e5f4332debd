import { describe, expect, it } from "vitest";
import { bkp004 } from "../../../src/rules/backup/bkp004-backup-beside-data.ts";
import { findingsOf, observed } from "../../project.ts";

const messages = (files: Record<string, string>) => findingsOf(bkp004, files).map(({ message }) => message);

describe("BKP004", () => {
  it("finds Espalier's own backups that are never removed", () => {
    const files = { "espalier.yaml": "check:\n  backups:\n    directory: /var/backups/espalier\n" };
    expect(findingsOf(bkp004, files)).toEqual([
      {
        rule: "BKP004",
        title: "backup that is lost, read or never removed",
        severity: "medium",
        subject: "espalier.yaml",
        message: "backups in /var/backups/espalier are never removed: check.backups has no keep",
        location: { file: "espalier.yaml", line: 2, column: 3, start: 9, end: 16 },
        path: "check.backups.keep",
        fix: "check:\n  backups:\n    keep: { daily: 7, weekly: 4, monthly: 12 }",
        fixability: "none",
        edits: [],
        fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    ]);
    const kept = { "espalier.yaml": "check:\n  backups:\n    directory: b\n    keep: { daily: 7 }\n" };
    expect(messages(kept)).toEqual([]);
  });

  it("finds backups on the disk of what they are backups of", () => {
    const at = (isOnSameDisk: boolean) =>
      findingsOf(bkp004, observed({ backupReceipts: [{ target: "/backups", receipts: [], isOnSameDisk }] }));
    expect(at(true).map(({ message }) => message)).toEqual([
      "the backups in /backups are on the disk of what they are backups of, and are copied nowhere",
    ]);
    expect(at(false)).toEqual([]);
  });

  it("finds a script that archives secrets as they are, and removes no old archive", () => {
    const script = `#!/bin/bash
BACKUP_DIR="/backup/stack-$(date +%Y%m%d)"
tar -czf "$BACKUP_DIR/runtime-config.tar.gz" ~/.config/stack/
`;
    expect(messages({ "backup.sh": script })).toEqual([
      "tar copies secrets without encrypting them",
      "backup.sh writes a new backup each time and removes none",
    ]);
  });

  it("is content with one that encrypts, sends away and removes", () => {
    const script = `#!/bin/bash
tar -cz ~/.config/stack | age -r "$RECIPIENT" > "backups/stack-$(date +%F).tar.gz.age"
rclone copy backups remote:backups
find backups -mtime +35 -delete
`;
    expect(messages({ "backup.sh": script })).toEqual([]);
  });

  it("finds dumps that pile up beside the database", () => {
    const script = "#!/bin/sh\npg_dump people | gzip > backups/people-$(date +%F).sql.gz\n";
    expect(messages({ "backup.sh": script })).toEqual([
      "backup.sh writes a new backup each time and removes none",
      "backup.sh writes its backups beside what they are backups of, and copies them nowhere",
    ]);
  });

  it("has nothing to say of a script that backs up nothing", () => {
    expect(
      messages({ "start.sh": "#!/bin/sh\nlog=run-$(date +%F).log\ncp -r assets /srv/www\nexec server > $log\n" }),
    ).toEqual([]);
  });
});

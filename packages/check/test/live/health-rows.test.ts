/** The table of `espalier health`, of what was observed. */
import { describe, expect, it } from "vitest";
import type { Finding } from "../../src/engine/finding.ts";
import { type HealthRow, type RowOptions, rowsOf } from "../../src/live/health-rows.ts";
import type { Observation, ObservedDocuments } from "../../src/live/observation.ts";
import type { BackupReceipt } from "../../src/observed/backup-receipts.ts";

const now = Date.UTC(2026, 0, 15, 12);
const hourMs = 3_600_000;
const none: ObservedDocuments = {
  ...{ endpoint: [], node: [], replication: [], storage: [], queue: [], clock: [], host: [], backupReceipts: [] },
};

function rows(documents: Partial<ObservedDocuments>, options: Partial<RowOptions> = {}): readonly HealthRow[] {
  const observation: Observation = { documents: { ...none, ...documents }, unseen: [], unreadable: [] };
  return rowsOf(observation, { findings: [], now, ...options });
}

function finding(rule: string, subject: string, severity: Finding["severity"], message: string): Finding {
  const rest = {
    title: "",
    path: "",
    fix: "",
    fixability: "none",
    edits: [],
    fingerprint: `${rule}${message}`,
  } as const;
  return { rule, subject, severity, message, ...rest };
}

const node = {
  group: "people",
  name: "ldap1",
  url: "ldap://ldap1:389",
  addresses: [],
  isEncrypted: false,
  isVerified: true,
};
const receipt = (kind: BackupReceipt["kind"], agoMs: number, isPassed = true): BackupReceipt => ({
  ...{ kind, backup: "b", time: now - agoMs, isPassed, parts: [] },
});

describe("a row", () => {
  it("tells how a server is, and the gravest of what is found about it", () => {
    const replication = [{ cluster: "people", node: "ldap1", lagSeconds: 3 }];
    const fine = { part: "node", name: "people/ldap1", status: "ok" };
    expect(rows({ node: [{ ...node, bind: "ok" }], replication })).toEqual([
      { ...fine, detail: "answers at ldap://ldap1:389, in clear text, binds, 3 s behind" },
    ]);
    const findings = [
      finding("LDP013", "ldap1", "high", "ldap1 refuses the bind"),
      finding("LDP005", "ldap1", "medium", "ldap1 shows entries"),
    ];
    expect(rows({ node: [{ ...node, bind: { code: "invalidCredentials" } }] }, { findings })).toEqual([
      { ...fine, status: "failing", detail: "LDP013 ldap1 refuses the bind (and 1 more)" },
    ]);
  });

  it("warns of what is medium, and passes over what is low", () => {
    const storage = [{ name: "store", path: "/var/lib", freeBytes: 8, sizeBytes: 100 }];
    const medium = [finding("HST002", "store", "medium", "the disk is nearly full")];
    expect(rows({ storage }, { findings: medium })).toMatchObject([{ part: "disk", status: "warning" }]);
    expect(rows({ storage })).toEqual([{ part: "disk", name: "store", status: "ok", detail: "/var/lib, 8 % free" }]);
    const low = [finding("HST002", "store", "low", "the disk is old")];
    expect(rows({ storage }, { findings: low })).toMatchObject([{ status: "ok", detail: "HST002 the disk is old" }]);
  });

  it("is there for a finding that is about nothing else in the table", () => {
    const findings = [finding("BKP002", "/backups", "high", "no restore was tried")];
    expect(rows({}, { findings })).toEqual([
      { part: "finding", name: "/backups", status: "failing", detail: "BKP002 no restore was tried" },
    ]);
  });

  it("is unknown where something could not be looked at", () => {
    const unreadable = [{ subject: "queue", message: "it did not answer in time" }];
    expect(rowsOf({ documents: none, unseen: [], unreadable }, { findings: [], now })).toEqual([
      { part: "unknown", name: "queue", status: "unknown", detail: "it did not answer in time" },
    ]);
  });
});

describe("the row of backups", () => {
  const backup = (receipts: readonly BackupReceipt[]) =>
    rows({ backupReceipts: [{ target: "/backups", receipts }] }, { maxBackupAgeMs: 48 * hourMs }).map(
      ({ status, detail }) => [status, detail],
    );

  it("fails where there is none, where the newest is too old, or did not come about", () => {
    expect(backup([])).toEqual([["failing", "there is no backup"]]);
    expect(backup([receipt("create", hourMs, false)])).toEqual([["failing", "there is no backup"]]);
    expect(backup([receipt("create", 72 * hourMs)])).toEqual([
      ["failing", "the newest is from 3d ago; a restore was never tried"],
    ]);
  });

  it("tells when the newest was made, and when a restore was tried", () => {
    const receipts = [receipt("create", 90 * hourMs), receipt("create", 5 * hourMs), receipt("drill", 240 * hourMs)];
    expect(backup(receipts)).toEqual([["ok", "the newest is from 5h ago; a restore was last tried 10d ago"]]);
  });
});

import { describe, expect, it } from "vitest";
import { backupsConfig } from "../../src/backup/config.ts";

describe("check.backups", () => {
  it("needs nothing but a folder", () => {
    expect(backupsConfig.parse({ directory: "/var/backups/espalier" })).toEqual({
      ...{ directory: "/var/backups/espalier", maxAge: 2 * 86_400_000, drillMaxAge: 35 * 86_400_000 },
      ...{ recipients: [], files: [], databases: {}, clusters: {}, scratch: {}, targets: [] },
    });
    expect(backupsConfig.parse({ directory: "b", keep: { daily: 3 } }).keep).toEqual({
      daily: 3,
      weekly: 4,
      monthly: 12,
    });
  });

  it.each([
    [{ passphraseFile: "p", identityFile: "i" }, "cannot be there together with passphraseFile: name one of them"],
    [{ clusters: { people: { bindDn: "cn=admin" } } }, "needs both bindDn and bindPassword, or neither"],
    [{ recipients: ["ssh-ed25519 AAAA"] }, "must be an age public key, such as age1…"],
    [{ databases: { "a/b": "sqlite:x" } }, "must be letters, digits, dots and hyphens"],
  ])("refuses %j", (more, sentence) => {
    const { error } = backupsConfig.safeParse({ directory: "b", ...more });
    expect(JSON.stringify(error?.issues)).toContain(sentence);
  });
});

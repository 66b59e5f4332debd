/** `espalier cert`, as an administrator types it. */
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { runCommand } from "../../../tests/lab/command.ts";
import { requirePrograms } from "../../../tests/lab/programs.ts";
import { espalier } from "./command.ts";

const describe = requirePrograms({ openssl: "openssl" });

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "espalier-cert-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

describe("espalier cert", { timeout: 90_000 }, () => {
  it("makes an authority, issues for a server, and finds what it made well", async () => {
    const path = folder();
    const created = espalier(["cert", "ca", "create", "--name", "Example LDAP CA"], {}, path);
    expect(created).toMatchObject({ exitCode: 0, stderr: "" });
    expect(created.stdout).toMatch(/^The authority was made:\n {2}certificate {2}ca\/authority\.crt\n/);
    const issued = espalier(["cert", "ca", "issue", "ldap1.example.com", "127.0.0.1", "-o", "tls"], {}, path);
    expect(issued).toMatchObject({ exitCode: 0, stderr: "" });
    expect(statSync(join(path, "tls/ldap1.example.com.key")).mode & 0o777).toBe(0o600);
    const verified = await runCommand("openssl", [
      ...["verify", "-CAfile", join(path, "ca/authority.crt"), "-verify_ip", "127.0.0.1"],
      join(path, "tls/ldap1.example.com.crt"),
    ]);
    expect(verified.exitCode).toBe(0);
    const checked = espalier(
      ["cert", "check", "tls/ldap1.example.com.crt", "--ca", "ca/authority.crt", "--name", "ldap1.example.com"],
      {},
      path,
    );
    expect(checked).toMatchObject({ exitCode: 0, stderr: "" });
    expect(checked.stdout).toContain("names        ldap1.example.com, 127.0.0.1");
    expect(checked.stdout).toContain("Nothing found");
    expect(`${created.stdout}${issued.stdout}${checked.stdout}`).not.toContain("PRIVATE KEY");
  });

  it("refuses to write over what is there, and exits with 2", () => {
    const path = folder();
    espalier(["cert", "ca", "create"], {}, path);
    const before = readFileSync(join(path, "ca/authority.key"), "utf8");
    const again = espalier(["cert", "ca", "create"], {}, path);
    expect([again.exitCode, again.stdout]).toEqual([2, ""]);
    expect(again.stderr).toMatch(/authority\.crt is there already/);
    expect(readFileSync(join(path, "ca/authority.key"), "utf8")).toBe(before);
    expect(espalier(["cert", "ca", "issue", "a.example", "--days", "9999"], {}, path)).toMatchObject({
      exitCode: 2,
      stderr: "it can be valid for 1 to 825 days\n",
    });
  });

  it("makes a self-signed certificate once, and keeps it", () => {
    const path = folder();
    const made = espalier(["cert", "self-signed", "ldap1.example.com"], {}, path);
    const kept = espalier(["cert", "self-signed", "ldap1.example.com"], {}, path);
    expect([made.exitCode, made.stdout.split("\n")[0]]).toEqual([0, "The certificate was made:"]);
    expect([kept.exitCode, kept.stdout.split("\n")[0]]).toEqual([0, "There is one that fits, which was kept:"]);
    expect(kept.stdout.split("\n").slice(1)).toEqual(made.stdout.split("\n").slice(1));
  });

  it("exits with 1 for a finding, with 3 for what it cannot read, with 2 for what is no target", () => {
    const path = folder();
    espalier(["cert", "ca", "create"], {}, path);
    espalier(["cert", "ca", "issue", "a.example", "--days", "6"], {}, path);
    const found = espalier(["cert", "check", "a.example.crt", "--format", "json"], {}, path);
    const report = JSON.parse(found.stdout) as { findings: { rule: string; severity: string; message: string }[] };
    expect([found.exitCode, report.findings.map(({ rule, severity }) => [rule, severity])]).toEqual([
      1,
      [["TLS003", "high"]],
    ]);
    expect(report.findings[0]?.message).toMatch(/expires in 5 days, on \d{4}-\d\d-\d\d$/);
    expect(espalier(["cert", "check", "a.example.crt", "--fail-on", "critical"], {}, path).exitCode).toBe(0);
    expect(espalier(["cert", "check", "nowhere.crt"], {}, path).exitCode).toBe(3);
    expect(espalier(["cert", "check", "ftp://a"], {}, path)).toMatchObject({ exitCode: 2, stdout: "" });
  });
});

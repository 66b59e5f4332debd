import { describe, expect, it } from "vitest";
import { formatExplanation, formatRules } from "../../src/output/explain.ts";
import { formatHuman } from "../../src/output/human.ts";
import { fullReport, hostileReport, manyReport, options, privileged, reportOf, rules } from "./reports.ts";

describe("the report for people", () => {
  it("has a paragraph a rule, what is unreadable, what is excused, a sum, and what to do next", () => {
    expect(formatHuman(fullReport(), options)).toMatchInlineSnapshot(`
      "critical  CMP001  container is privileged  (2)
        compose.yaml:6:17   db is privileged
        compose.yaml:14:17  old is privileged (the suppression ended on 2025-12-31: it
                            was to go)
        Fix  Remove \`privileged: true\`.

      high      CMP003  no memory limit
        compose.yaml:4:3  db has no memory limit
        Fix
          services:
            db:
              mem_limit: 512m

      medium    TLS003  certificate expires soon
        the certificate of ldaps://ldap1:636 expires in 6 days
        Fix  Renew it.

      Could not be read
        broken/compose.yaml:2:1
          this is not YAML: Flow sequence in block collection must be sufficiently
          indented and end with a ]

      Suppressed
        CMP001 vm is privileged: libvirt needs it (until 2026-12-31)

      Baseline
        It excuses 1 finding. 1 finding of it is no longer there: --prune-baseline
          takes out what is gone.

      Suppressions to look at
        compose.yaml:14:22: CMP001 was excused until 2025-12-31, and counts again
        compose.yaml:17:19: CMP003 is not found there: take the suppression out

      4 findings: 2 critical, 1 high, 1 medium
      (2 files, 1 unreadable, 4 rules, profile lab)

        espalier check --explain CMP001  why it matters, and what to do
        espalier check --fix             puts 1 of them right, safely
      "
    `);
  });

  it("is short where nothing is wrong", () => {
    const report = reportOf("services: {}\n");
    expect(formatHuman({ ...report, findings: [] }, options)).toBe("Nothing found  (1 file, 4 rules, profile lab)\n");
  });

  it("shows eighty services without a limit as one group: the first places, and the names of the others", () => {
    const text = formatHuman(manyReport(80), options);
    expect(text.match(/high +CMP003/g)).toHaveLength(1);
    expect(text.match(/compose\.yaml:\d+:\d+/g)).toHaveLength(8);
    expect(text).toContain("  and 72 more: service8, service9, service10, ");
    expect(text.match(/mem_limit: 512m/g)).toHaveLength(1);
    expect(text.split("\n").length).toBeLessThan(35);
  });

  it("shows each where all are asked for", () => {
    const text = formatHuman(manyReport(80), { ...options, all: true });
    expect(text.match(/compose\.yaml:\d+:\d+/g)).toHaveLength(80);
    expect(text).not.toContain("more:");
  });

  it("keeps to the width of the terminal, but for what is to be pasted", () => {
    for (const width of [40, 80, 120]) {
      const lines = formatHuman(fullReport(), { ...options, width }).split("\n");
      expect(lines.filter((line) => line.length > width && !line.includes("espalier check"))).toEqual([]);
    }
  });

  it("has colours only where they are asked for", () => {
    expect(formatHuman(fullReport(), options)).not.toContain("\u001b");
    expect(formatHuman(fullReport(), { ...options, color: true })).toContain("\u001b[1;31mcritical\u001b[0m");
  });

  it("shows characters that a terminal would obey", () => {
    const text = formatHuman(hostileReport(), options);
    expect(text).toContain("\\u{1b}[2J");
    expect(text).not.toMatch(/[[\p{Cc}\p{Cf}]--\n]/v);
  });
});

describe("what is said of rules", () => {
  it("explains one", () => {
    expect(formatExplanation(privileged, { color: false, width: 60 })).toBe(
      "CMP001  container is privileged\ncritical, asked in every profile, put right by hand\n\nIt is root on the host.\n\nName the capabilities instead.\n\nWhere it is written\n  - CIS Docker Benchmark, 5.5\n",
    );
  });

  it("lists all", () => {
    expect(formatRules(rules, { color: false, width: 60 })).toBe(
      "id      severity  from        fix     what is wrong\nCMP001  critical  lab                 container is\n                                      privileged\nCMP003  high      lab         --fix   no memory limit\nTLS003  medium    lab                 certificate expires\n                                      soon\nWEB001  low       lab                 any origin may ask\n",
    );
  });
});

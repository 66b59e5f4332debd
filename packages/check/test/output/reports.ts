/** A report that has one of everything: severities, suppressions, a baseline, something unreadable, and names that would do harm. */
import { baselineOf } from "../../src/engine/baseline.ts";
import { check, type Report } from "../../src/engine/check.ts";
import type { Edit } from "../../src/engine/edit.ts";
import { defineRule, type Rule } from "../../src/engine/rule.ts";
import type { FormatOptions } from "../../src/output/format.ts";
import { projectOf } from "../project.ts";

const safe = (path: string[]): Edit[] => [{ kind: "set", file: "compose.yaml", path, value: "x" }];

export const privileged = defineRule({
  ...{
    id: "CMP001",
    title: "container is privileged",
    severity: "critical",
    profile: "lab",
    reads: ["compose"],
    fix: "none",
  },
  explanation: "It is root on the host.\n\nName the capabilities instead.",
  references: ["CIS Docker Benchmark, 5.5"],
  *find(project) {
    for (const { services } of project.of("compose")) {
      for (const { name, node } of services) {
        const at = node.get("privileged");
        if (at !== undefined)
          yield { subject: name, message: `${name} is privileged`, at, value: true, fix: "Remove `privileged: true`." };
      }
    }
  },
});

const limits = defineRule({
  ...{ id: "CMP003", title: "no memory limit", severity: "high", profile: "lab", reads: ["compose"], fix: "safe" },
  explanation: "One takes all.",
  references: [],
  *find(project) {
    for (const { services } of project.of("compose")) {
      for (const { name, node } of services) {
        if (node.get("mem_limit") !== undefined) continue;
        yield {
          ...{ subject: name, message: `${name} has no memory limit`, path: `services.${name}.mem_limit` },
          ...(node.keyLocation === undefined ? {} : { at: node.keyLocation }),
          fix: `services:\n  ${name}:\n    mem_limit: 512m`,
          edits: safe(["services", name, "mem_limit"]),
        };
      }
    }
  },
});

const observed = defineRule({
  ...{
    id: "TLS003",
    title: "certificate expires soon",
    severity: "medium",
    profile: "lab",
    reads: ["file"],
    fix: "none",
  },
  explanation: "Renew it.",
  references: [],
  *find() {
    yield {
      subject: "ldaps://ldap1:636",
      message: "the certificate of ldaps://ldap1:636 expires in 6 days",
      fix: "Renew it.",
    };
  },
});

const quiet = defineRule({
  ...{ id: "WEB001", title: "any origin may ask", severity: "low", profile: "lab", reads: ["file"], fix: "none" },
  ...{ explanation: "It may.", references: [] },
  find: () => [],
});

export const rules: readonly Rule[] = [privileged, limits, observed, quiet];
const now = Date.UTC(2026, 0, 15, 12);

export function reportOf(compose: string, more: Readonly<Record<string, string>> = {}): Report {
  return check(projectOf({ "compose.yaml": compose, ...more }), rules, { profile: "lab", now });
}

/** `web` is as it was, `db` is new, `vm` is taken on. */
export function fullReport(): Report {
  const before = "services:\n  web:\n    image: a\n  gone:\n    image: a\n";
  const after = `services:
  web:
    image: a
  db:
    image: "a:1"
    privileged: true
  vm:
    image: a
    mem_limit: 1g
    privileged: true # espalier-ignore CMP001 until 2026-12-31: libvirt needs it
  old:
    image: a
    mem_limit: 1g
    privileged: true # espalier-ignore CMP001 until 2025-12-31: it was to go
  cache:
    image: a
    mem_limit: 1g # espalier-ignore CMP003: it was not there
`;
  const project = projectOf({ "compose.yaml": after, "broken/compose.yaml": "services: [\n" });
  const baseline = baselineOf(reportOf(before).findings.filter(({ rule }) => rule === "CMP003"));
  return check(project, rules, { profile: "lab", now, baseline });
}

/** What somebody writes who wants to be taken for something else. */
export const hostile = '\u001b[2J<a href="x">&]]>\u009b31m|`*_[x](y)%0A::error::\u202e';

export function hostileReport(): Report {
  return reportOf(`services:\n  ${JSON.stringify(hostile)}:\n    privileged: true\n    image: a\n    mem_limit: 1g\n`);
}

export function manyReport(count: number): Report {
  const services = Array.from({ length: count }, (_, index) => `  service${index}:\n    image: a\n`);
  return reportOf(`services:\n${services.join("")}`);
}

export const options: FormatOptions = { rules, version: "1.2.3", color: false, width: 80, all: false };

/** Findings as annotations of a change: GitHub's workflow commands, and GitLab's code quality report. Those that are excused are left out. */
import { createHash } from "node:crypto";
import type { Severity } from "@espalier/service";
import type { Report } from "../engine/check.ts";
import type { Finding } from "../engine/finding.ts";
import { openFindings } from "./format.ts";
import { visible, visibleJson, visibleLines } from "./visible.ts";

const githubCommands: Readonly<Record<Severity, "error" | "warning" | "notice">> = {
  critical: "error",
  high: "error",
  medium: "warning",
  low: "notice",
  info: "notice",
};

const gitlabSeverities: Readonly<Record<Severity, string>> = {
  critical: "blocker",
  high: "critical",
  medium: "major",
  low: "minor",
  info: "info",
};

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
export function formatGithub(report: Report): string {
  const unreadable = report.unreadable.map(({ subject, message, location }) =>
    command(
      "error",
      { file: location?.file, line: location?.line, col: location?.column, title: `${subject} could not be read` },
      message,
    ),
  );
  const findings = openFindings(report).map(({ severity, rule, title, message, fix, location }) =>
    command(
      githubCommands[severity],
      { file: location?.file, line: location?.line, col: location?.column, title: `${rule} ${title}` },
      `${message}\n\n${fix}`,
    ),
  );
  return [...unreadable, ...findings].join("");
}

function command(
  name: string,
  properties: Readonly<Record<string, string | number | undefined>>,
  text: string,
): string {
  const given = Object.entries(properties).filter(([, value]) => value !== undefined);
  const list = given.map(([key, value]) => `${key}=${property(visible(String(value)))}`).join(",");
  return `::${name} ${list}::${data(visibleLines(text))}\n`;
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** https://docs.gitlab.com/ci/testing/code_quality/: a report without a place cannot be shown there, so it is at the head of what was checked. */
export function formatGitlab(report: Report): string {
  const seen = new Map<string, number>();
  const findings = openFindings(report).map((finding) => issue(finding, unique(finding.fingerprint, seen)));
  const unreadable = report.unreadable.map(({ subject, message, location }) => ({
    description: visible(`${subject} could not be read: ${message}`),
    check_name: "unreadable",
    fingerprint: unique(digest(`${subject}\n${message}`), seen),
    severity: "blocker",
    location: { path: location?.file ?? subject, lines: { begin: location?.line ?? 1 } },
  }));
  return `${visibleJson([...unreadable, ...findings], 2)}\n`;
}

function issue({ rule, severity, message, location, subject }: Finding, fingerprint: string) {
  return {
    description: visible(`${rule}: ${message}`),
    check_name: rule,
    fingerprint,
    severity: gitlabSeverities[severity],
    location: { path: location?.file ?? subject, lines: { begin: location?.line ?? 1 } },
  };
}

/** Of several with one fingerprint GitLab shows only one. */
function unique(fingerprint: string, seen: Map<string, number>): string {
  const count = seen.get(fingerprint) ?? 0;
  seen.set(fingerprint, count + 1);
  return count === 0 ? fingerprint : digest(`${fingerprint} ${count}`);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

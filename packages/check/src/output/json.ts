/** The report as JSON, of which `schema/report.json` is the schema. What a version has stays as it is; more may be added. */
import type { Report } from "../engine/check.ts";
import type { Finding } from "../engine/finding.ts";
import type { Location } from "../inputs/source-file.ts";
import { countBySeverity, type FormatOptions, openFindings } from "./format.ts";
import { visibleJson } from "./visible.ts";

export function formatJson(report: Report, { rules, version }: FormatOptions): string {
  const { profile, time, files, findings, unreadable, suppressions, baseline, rulesRun } = report;
  const asked = rules.filter(({ id }) => rulesRun.includes(id));
  const value = {
    version: 1,
    tool: { name: "espalier", version },
    profile,
    time: new Date(time).toISOString(),
    files,
    summary: {
      findings: countBySeverity(openFindings(report)),
      suppressed: findings.filter(({ suppressed }) => suppressed !== undefined).length,
      baseline: baseline && {
        unchanged: findings.filter((finding) => finding.baseline === "unchanged").length,
        gone: baseline.gone,
      },
      unreadable: unreadable.length,
    },
    rules: asked.map(({ id, title, severity, profile: least, fix, references }) => ({
      ...{ id, title, severity, profile: least, fix, references },
    })),
    findings: findings.map(findingJson),
    unreadable: unreadable.map(({ subject, message, location }) => ({
      subject,
      message,
      location: locationJson(location),
    })),
    suppressions: suppressions.map(({ location, ...use }) => ({ ...use, location: locationJson(location) })),
  };
  return `${visibleJson(value, 2)}\n`;
}

function findingJson({ edits: _, location, suppressed, ...finding }: Finding) {
  return {
    ...finding,
    location: locationJson(location),
    suppressed: suppressed && { ...suppressed, location: locationJson(suppressed.location) },
  };
}

function locationJson(location: Location | undefined) {
  return location && { file: location.file, line: location.line, column: location.column };
}

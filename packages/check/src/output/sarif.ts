/** The report as SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format), for code scanning. */
import type { Severity } from "@espalier/service";
import type { Report } from "../engine/check.ts";
import type { Finding } from "../engine/finding.ts";
import type { Rule } from "../engine/rule.ts";
import type { Location } from "../inputs/source-file.ts";
import type { FormatOptions } from "./format.ts";
import { visible, visibleJson } from "./visible.ts";

const levels: Readonly<Record<Severity, "error" | "warning" | "note">> = {
  critical: "error",
  high: "error",
  medium: "warning",
  low: "note",
  info: "note",
};

/** What code scanning of GitHub sorts by: 9 and more is critical, 7 high, 4 medium. */
const scores: Readonly<Record<Severity, string>> = {
  critical: "9.5",
  high: "8.0",
  medium: "5.5",
  low: "2.0",
  info: "0.0",
};

export function formatSarif(report: Report, { rules, version }: FormatOptions): string {
  const asked = rules.filter(({ id }) => report.rulesRun.includes(id));
  const indexes = new Map(asked.map(({ id }, index) => [id, index]));
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "Espalier", semanticVersion: version, rules: asked.map(descriptor) } },
        columnKind: "utf16CodeUnits",
        invocations: [
          {
            executionSuccessful: report.unreadable.length === 0,
            endTimeUtc: new Date(report.time).toISOString(),
            toolExecutionNotifications: report.unreadable.map(({ subject, message, location }) => ({
              level: "error",
              message: { text: `${visible(subject)}: ${visible(message)}` },
              ...(location === undefined ? {} : { locations: [{ physicalLocation: physical(location) }] }),
            })),
          },
        ],
        results: report.findings.map((finding) => result(finding, indexes.get(finding.rule))),
      },
    ],
  };
  return `${visibleJson(log, 2)}\n`;
}

function descriptor({ id, title, severity, profile, explanation, references }: Rule) {
  const sources = references.map((reference) => `- ${reference}`).join("\n");
  return {
    id,
    shortDescription: { text: title },
    fullDescription: { text: explanation },
    help: { text: explanation, markdown: `${explanation}\n\n${sources}`.trim() },
    defaultConfiguration: { level: levels[severity] },
    properties: { tags: ["security", profile], precision: "high", "security-severity": scores[severity] },
  };
}

function result(finding: Finding, ruleIndex: number | undefined) {
  const { rule, severity, message, fix, location, path, subject, fingerprint, baseline, suppressed } = finding;
  const logical = { name: visible(subject), ...(path === "" ? {} : { fullyQualifiedName: visible(path) }) };
  return {
    ruleId: rule,
    ...(ruleIndex === undefined ? {} : { ruleIndex }),
    level: levels[severity],
    message: { text: `${visible(message)}. To put it right:\n${fix}` },
    locations: [
      { ...(location === undefined ? {} : { physicalLocation: physical(location) }), logicalLocations: [logical] },
    ],
    partialFingerprints: { "espalier/v1": fingerprint },
    ...(baseline === undefined ? {} : { baselineState: baseline }),
    // An empty list says that nobody has taken it on.
    suppressions: suppressed === undefined ? [] : [suppression(suppressed)],
    properties: { severity, subject },
  };
}

function suppression({ by, reason, until, location }: NonNullable<Finding["suppressed"]>) {
  return {
    kind: by === "comment" ? "inSource" : "external",
    status: "accepted",
    justification: until === undefined ? reason : `${reason} (until ${until})`,
    ...(location === undefined ? {} : { location: { physicalLocation: physical(location) } }),
  };
}

function physical({ file, line, column, start, end }: Location) {
  return {
    artifactLocation: { uri: file.split("/").map(encodeURIComponent).join("/"), uriBaseId: "%SRCROOT%" },
    region: { startLine: line, startColumn: column, charOffset: start, charLength: end - start },
  };
}

/** The report for a person at a terminal: a paragraph a rule, the most severe first, with the places and what to write there. */
import { severities } from "@espalier/service/plain";
import type { Report } from "../engine/check.ts";
import type { Finding } from "../engine/finding.ts";
import type { SuppressionUse } from "../engine/suppression.ts";
import { countBySeverity, counted, type FormatOptions, openFindings, placeOf } from "./format.ts";
import { type Paint, paint, wrapped } from "./terminal.ts";
import { visible, visibleLines } from "./visible.ts";

/** So many of a rule are shown, unless all are asked for. */
const shownOfGroup = 8;
/** Places that are longer do not make a column. */
const widestPlace = 36;

interface Page {
  readonly paint: Paint;
  readonly width: number;
  readonly all: boolean;
}

export function formatHuman(report: Report, { color, width, all }: FormatOptions): string {
  const page: Page = { paint: paint(color), width, all };
  const open = openFindings(report);
  const groups = [...Map.groupBy(open, ({ severity, rule }) => `${severity} ${rule}`).values()];
  const parts = [
    ...groups.map((group) => formatGroup(group, page)),
    formatUnreadable(report, page),
    formatExcused(report, page),
    formatSuppressions(report.suppressions, page),
    formatSummary(report, open, page),
    formatNext(open, page),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function formatGroup(group: readonly Finding[], page: Page): string {
  const { severity, rule, title } = group[0]!;
  const { paint: p } = page;
  const subjects = new Set(group.map(({ subject }) => subject));
  const several = group.length === subjects.size ? group.length : `${group.length} in ${subjects.size}`;
  const count = group.length === 1 ? "" : `  (${several})`;
  const titles = wrapped(visible(title) + count, page.width - 18).map((line) => p.bold(line));
  const header = `${p.severity(severity, severity.padEnd(8))}  ${p.bold(rule)}  ${titles.join(`\n${" ".repeat(18)}`)}\n`;
  const shown = page.all ? group : group.slice(0, group.length === shownOfGroup + 1 ? group.length : shownOfGroup);
  const column = placeColumn(shown);
  const places = (findings: readonly Finding[]) => findings.map((each) => formatFinding(each, column, page)).join("");
  const runs = runsOfFix(group);
  if (page.all) {
    return header + runs.map((run) => places(run) + formatFix(run[0]!, runs.length === 1, page)).join("");
  }
  const fix = formatFix(group[0]!, runs.length === 1, page);
  const others = runs.length > 1 ? `  ${p.dim("Others are put right in their own way: --all shows each.")}\n` : "";
  return header + places(shown) + formatRest(group.slice(shown.length), page) + fix + others;
}

function placeColumn(findings: readonly Finding[]): number {
  const lengths = findings.map(({ location }) => (location === undefined ? 0 : placeOf(location).length));
  const longest = Math.max(...lengths);
  return longest <= widestPlace ? longest : 0;
}

/** Neighbours that are put right alike, but for their names. */
function runsOfFix(findings: readonly Finding[]): readonly (readonly Finding[])[] {
  const runs: Finding[][] = [];
  for (const finding of findings) {
    const last = runs.at(-1);
    if (last !== undefined && fixPattern(last[0]!) === fixPattern(finding)) last.push(finding);
    else runs.push([finding]);
  }
  return runs;
}

function fixPattern({ fix, subject }: Finding): string {
  return fix.replaceAll(subject, "\u0000");
}

function formatFinding({ location, message, ended }: Finding, column: number, { paint: p, width }: Page): string {
  const note = ended === undefined ? "" : ` (the suppression ended on ${ended.until}: ${ended.reason})`;
  const text = visible(message + note);
  const place = location === undefined ? "" : placeOf(location);
  if (column === 0 && place !== "") {
    const lines = wrapped(text, width - 4).map((line) => `    ${line}\n`);
    return `  ${p.dim(place)}\n${lines.join("")}`;
  }
  const indent = " ".repeat(column === 0 ? 2 : column + 4);
  const [first, ...others] = wrapped(text, width - indent.length);
  const head = column === 0 ? "  " : `  ${p.dim(place)}${" ".repeat(column - place.length)}  `;
  return `${head}${first}\n${others.map((line) => `${indent}${line}\n`).join("")}`;
}

function formatRest(rest: readonly Finding[], { paint: p, width }: Page): string {
  if (rest.length === 0) return "";
  const names = [...new Set(rest.map(({ subject }) => visible(subject)))];
  const lines = wrapped(`and ${rest.length} more: ${names.join(", ")}`, width - 2);
  const [first, second, third] = lines;
  const end = third === undefined ? "" : " …";
  return [first, second === undefined ? undefined : second + end]
    .filter((line) => line !== undefined)
    .map((line) => `  ${p.dim(line)}\n`)
    .join("");
}

function formatFix({ fix, subject }: Finding, isForAll: boolean, { paint: p, width }: Page): string {
  const lines = visibleLines(fix).split("\n");
  const label = isForAll ? "Fix" : `Fix for ${visible(subject)}`;
  const [only] = lines;
  if (lines.length > 1) {
    const shown = lines.flatMap((line) =>
      isSentence(line) ? wrapped(line, width - 4) : [line === "" ? "" : p.code(line)],
    );
    return `  ${p.good(label)}\n${shown.map((line) => `    ${line}`.trimEnd()).join("\n")}\n`;
  }
  const [first, ...others] = wrapped(only!, width - 4 - label.length);
  const indent = " ".repeat(4 + label.length);
  return `  ${p.good(label)}  ${first}\n${others.map((line) => `${indent}${line}\n`).join("")}`;
}

/** A sentence, which may be broken where the screen ends; what is to be pasted may not. */
function isSentence(line: string): boolean {
  return /^[A-Za-z].*[.,:]$/.test(line) && !line.includes(" | ") && line.split(" ").length >= 6;
}

function formatUnreadable({ unreadable }: Report, page: Page): string {
  if (unreadable.length === 0) return "";
  const { paint: p, width } = page;
  const items = unreadable.map(({ subject, message, location }) => {
    const place = location === undefined ? visible(subject) : placeOf(location);
    const lines = wrapped(visible(message), width - 4).map((line) => `    ${line}\n`);
    return `  ${place}\n${lines.join("")}`;
  });
  return `${p.severity("critical", "Could not be read")}\n${items.join("")}`;
}

function formatExcused({ findings, baseline }: Report, page: Page): string {
  const { paint: p } = page;
  const suppressed = findings.filter((finding) => finding.suppressed !== undefined);
  const unchanged = findings.filter((finding) => finding.baseline === "unchanged");
  const parts: string[] = [];
  if (suppressed.length > 0) {
    const shown = page.all ? suppressed : suppressed.slice(0, shownOfGroup);
    const rest = suppressed.length - shown.length;
    const lines = shown.map((finding) => listed(`${finding.rule} ${finding.message}: ${reasonOf(finding)}`, page));
    parts.push(`${p.bold("Suppressed")}\n${lines.join("")}${rest > 0 ? `  ${p.dim(`and ${rest} more`)}\n` : ""}`);
  }
  if (baseline !== undefined) {
    const gone =
      baseline.gone === 0
        ? ""
        : ` ${counted(baseline.gone, "finding")} of it ${baseline.gone === 1 ? "is" : "are"} no longer there: --prune-baseline takes out what is gone.`;
    parts.push(`${p.bold("Baseline")}\n${listed(`It excuses ${counted(unchanged.length, "finding")}.${gone}`, page)}`);
  }
  return parts.join("\n");
}

function reasonOf({ suppressed }: Finding): string {
  return `${suppressed?.reason}${suppressed?.until === undefined ? "" : ` (until ${suppressed.until})`}`;
}

/** Those that are to be looked at again. */
function formatSuppressions(suppressions: readonly SuppressionUse[], page: Page): string {
  const lines = suppressions.flatMap(({ state, rule, location, subject, path, until }) => {
    const where = location === undefined ? "the configuration" : placeOf(location);
    const what = [rule, subject, path].filter((part) => part !== undefined).join(" ");
    if (state === "unused") return [listed(`${where}: ${what} is not found there: take the suppression out`, page)];
    return state === "expired" ? [listed(`${where}: ${what} was excused until ${until}, and counts again`, page)] : [];
  });
  return lines.length === 0 ? "" : `${page.paint.bold("Suppressions to look at")}\n${lines.join("")}`;
}

function listed(text: string, { width }: Page): string {
  const [first, ...others] = wrapped(visible(text), width - 4);
  return `  ${first}\n${others.map((line) => `    ${line}\n`).join("")}`;
}

function formatSummary(report: Report, open: readonly Finding[], { paint: p, width }: Page): string {
  const counts = countBySeverity(open);
  const list = severities
    .filter((severity) => counts[severity] > 0)
    .map((severity) => `${counts[severity]} ${severity}`);
  const painted = severities
    .filter((severity) => counts[severity] > 0)
    .map((severity) => p.severity(severity, `${counts[severity]} ${severity}`));
  const title = list.length === 0 ? "Nothing found" : counted(open.length, "finding");
  const unread = report.unreadable.length === 0 ? "" : `, ${report.unreadable.length} unreadable`;
  const scope = `(${counted(report.files, "file")}${unread}, ${counted(report.rulesRun.length, "rule")}, profile ${report.profile})`;
  const length = title.length + 2 + list.join(", ").length + 2 + scope.length;
  const isGood = list.length === 0 && report.unreadable.length === 0;
  const sum = list.length === 0 ? (isGood ? p.good(title) : title) : `${p.bold(title)}: ${painted.join(", ")}`;
  const facts = wrapped(scope, width).map((line) => p.dim(line));
  return `${sum}${length > width ? "\n" : "  "}${facts.join("\n")}\n`;
}

function formatNext(open: readonly Finding[], { paint: p }: Page): string {
  const [first] = open;
  if (first === undefined) return "";
  const safe = open.filter(({ fixability }) => fixability === "safe").length;
  const unsafe = open.filter(({ fixability }) => fixability === "unsafe").length;
  const steps = [[`espalier check --explain ${first.rule}`, "why it matters, and what to do"]];
  if (safe > 0) steps.push(["espalier check --fix", `puts ${safe} of them right, safely`]);
  if (unsafe > 0)
    steps.push(["espalier check --fix=all --diff", `shows what would be changed for ${safe + unsafe} of them`]);
  const column = Math.max(...steps.map(([command]) => command!.length));
  return steps.map(([command, text]) => `  ${p.code(command!.padEnd(column))}  ${p.dim(text!)}\n`).join("");
}

/** The report as a checklist in Markdown: what is still to be done before a deployment, and what has been looked at. */
import type { Report } from "../engine/check.ts";
import type { Finding } from "../engine/finding.ts";
import type { Rule } from "../engine/rule.ts";
import { counted, type FormatOptions, openFindings, placeOf } from "./format.ts";
import { visible, visibleLines } from "./visible.ts";

/** What of the containers is not about attackers. */
const configuration: ReadonlySet<string> = new Set(["CMP003", "CMP004", "CMP014", "CMP015", "CMP016", "CMP018"]);

const sections: readonly { readonly title: string; readonly has: (id: string) => boolean }[] = [
  { title: "Security", has: (id) => /^(?:CMP|SEC|SSH|AUT|WEB|FSP)/.test(id) && !configuration.has(id) },
  { title: "Configuration", has: (id) => /^(?:TPL|SUP)/.test(id) || configuration.has(id) },
  { title: "Directory", has: (id) => id.startsWith("LDP") },
  { title: "TLS", has: (id) => id.startsWith("TLS") },
  { title: "Backups", has: (id) => id.startsWith("BKP") },
  { title: "Monitoring", has: (id) => id.startsWith("OBS") },
  { title: "Host", has: (id) => id.startsWith("HST") },
];

export function formatMarkdown(report: Report, { rules }: FormatOptions): string {
  const asked = rules.filter(({ id }) => report.rulesRun.includes(id));
  const open = openFindings(report);
  const parts = [
    "# Pre-flight checks\n",
    `${new Date(report.time).toISOString().slice(0, 10)}, profile ${report.profile}: ${counted(open.length, "item")} to do in ${counted(report.files, "file")}.\n`,
  ];
  if (report.unreadable.length > 0) {
    const items = report.unreadable.map(({ subject, message, location }) =>
      item(false, `${code(location === undefined ? subject : placeOf(location))} could not be read: ${plain(message)}`),
    );
    parts.push(`## Unreadable\n\n${items.join("")}`);
  }
  for (const { title, has } of sections) {
    const own = asked.filter(({ id }) => has(id));
    if (own.length > 0)
      parts.push(
        `## ${title}\n\n${own
          .map((rule) => itemsOf(rule, report.findings))
          .join("")
          .trimEnd()}\n`,
      );
  }
  return parts.join("\n");
}

function itemsOf({ id, title }: Rule, all: readonly Finding[]): string {
  const findings = all.filter(({ rule }) => rule === id);
  if (findings.length === 0) return item(true, `**${id}** ${plain(title)}: not found`);
  return findings
    .map((finding) => {
      const { severity, message, location, fix, suppressed, baseline } = finding;
      const place = location === undefined ? "" : ` (${code(placeOf(location))})`;
      const text = `**${id}** ${severity}: ${plain(message)}${place}`;
      if (suppressed !== undefined) {
        const until = suppressed.until === undefined ? "" : ` until ${suppressed.until}`;
        return item(true, `${text}: taken on${until}: ${plain(suppressed.reason)}`);
      }
      if (baseline === "unchanged") return item(true, `${text}: in the baseline`);
      return item(false, text) + fenced(fix);
    })
    .join("");
}

function item(isDone: boolean, text: string): string {
  return `- [${isDone ? "x" : " "}] ${text}\n`;
}

/** Within a list item, longer than any fence that the text has itself. */
function fenced(text: string): string {
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  const lines = visibleLines(text)
    .split("\n")
    .map((line) => (line === "" ? "" : `  ${line}`));
  return `\n  ${fence}\n${lines.join("\n")}\n  ${fence}\n\n`;
}

function code(text: string): string {
  const fence = "`".repeat(longestRun(text) + 1);
  return `${fence}${visible(text)}${fence}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
}

/** Text in which nothing is markup. */
function plain(text: string): string {
  return visible(text).replaceAll(/[\\`*_[\]<>#|~]/g, "\\$&");
}

/** The report as JUnit XML: a suite a rule, a case a finding, and one that passes for a rule that found nothing. */
import type { Report } from "../engine/check.ts";
import type { Finding } from "../engine/finding.ts";
import { type FormatOptions, placeOf } from "./format.ts";
import { visibleLines } from "./visible.ts";

interface Case {
  readonly xml: string;
  readonly outcome: "passed" | "failure" | "skipped" | "error";
}

export function formatJunit(report: Report, { rules }: FormatOptions): string {
  const byRule = Map.groupBy(report.findings, ({ rule }) => rule);
  const asked = rules.filter(({ id }) => report.rulesRun.includes(id));
  const suites = asked.map(({ id, title }) => suite(`${id} ${title}`, casesOf(id, byRule.get(id) ?? [])));
  const unreadable = report.unreadable.map(({ subject, message, location }): Case => {
    const place = location === undefined ? subject : placeOf(location);
    return { outcome: "error", xml: testCase("input", subject, element("error", { message }, `${place}: ${message}`)) };
  });
  if (unreadable.length > 0) suites.push(suite("what could not be read", unreadable));
  const all = suites.flatMap(({ cases }) => cases);
  const attributes = { name: "espalier check", ...countsOf(all) };
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${written(attributes)}>\n${suites.map(({ xml }) => xml).join("")}</testsuites>\n`;
}

function suite(name: string, cases: readonly Case[]): { readonly xml: string; readonly cases: readonly Case[] } {
  const lines = cases.map(({ xml }) => xml).join("");
  return { cases, xml: `  <testsuite${written({ name, ...countsOf(cases) })}>\n${lines}  </testsuite>\n` };
}

function casesOf(rule: string, findings: readonly Finding[]): readonly Case[] {
  if (findings.length === 0) return [{ outcome: "passed", xml: testCase(rule, "nothing found", "") }];
  return findings.map((finding) => {
    const { subject, message, path, location, severity, fix, suppressed, baseline } = finding;
    const place = location === undefined ? "" : `${placeOf(location)}\n`;
    const name = [subject, path].filter((part) => part !== "").join(" ");
    const excuse = suppressed === undefined ? "in the baseline" : `suppressed: ${suppressed.reason}`;
    if (suppressed !== undefined || baseline === "unchanged") {
      return { outcome: "skipped", xml: testCase(rule, name, element("skipped", { message: excuse }), location?.file) };
    }
    const failure = element("failure", { message, type: severity }, `${place}${message}\n\n${fix}`);
    return { outcome: "failure", xml: testCase(rule, name, failure, location?.file) };
  });
}

function testCase(classname: string, name: string, content: string, file?: string): string {
  const attributes = written({ classname, name, ...(file === undefined ? {} : { file }), time: 0 });
  return content === "" ? `    <testcase${attributes}/>\n` : `    <testcase${attributes}>${content}</testcase>\n`;
}

function countsOf(cases: readonly Case[]) {
  const count = (outcome: Case["outcome"]) => cases.filter((each) => each.outcome === outcome).length;
  return {
    tests: cases.length,
    failures: count("failure"),
    errors: count("error"),
    skipped: count("skipped"),
    time: 0,
  };
}

function element(name: string, attributes: Readonly<Record<string, string>>, text = ""): string {
  return text === "" ? `<${name}${written(attributes)}/>` : `<${name}${written(attributes)}>${escaped(text)}</${name}>`;
}

function written(attributes: Readonly<Record<string, string | number>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escaped(String(value)).replaceAll("\n", "&#10;")}"`)
    .join("");
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return visibleLines(text).replaceAll(/[&<>"]/g, (character) => entities[character]!);
}

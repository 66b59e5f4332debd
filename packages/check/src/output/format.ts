/** What every format of a report is made from. */
import { type Severity, severities } from "@espalier/service/plain";
import { isOpen, type Report } from "../engine/check.ts";
import type { Finding } from "../engine/finding.ts";
import type { Rule } from "../engine/rule.ts";
import type { Location } from "../inputs/source-file.ts";
import { visible } from "./visible.ts";

export interface FormatOptions {
  /** All there are, also those that were not asked. */
  readonly rules: readonly Rule[];
  /** Of Espalier. */
  readonly version: string;
  /** For people at a terminal: colours, how wide it is, and whether each finding is shown or the first of many. */
  readonly color: boolean;
  readonly width: number;
  readonly all: boolean;
}

export type ReportFormat = (report: Report, options: FormatOptions) => string;

/** Those that count. */
export function openFindings({ findings }: Report): readonly Finding[] {
  return findings.filter(isOpen);
}

/** `compose.yaml:12:5`, as editors and terminals follow it. */
export function placeOf(location: Pick<Location, "file" | "line" | "column">): string {
  return visible(`${location.file}:${location.line}:${location.column}`);
}

export function countBySeverity(findings: readonly Finding[]): Readonly<Record<Severity, number>> {
  const counts = Object.fromEntries(severities.map((severity) => [severity, 0])) as Record<Severity, number>;
  for (const { severity } of findings) counts[severity] += 1;
  return counts;
}

/** `1 finding`, `2 findings`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

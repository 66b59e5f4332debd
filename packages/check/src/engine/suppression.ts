/** Findings that somebody has taken on: by a comment where they are written, or by the configuration; with a reason, and until a day. */
import type { Location, SourceFile } from "../inputs/source-file.ts";
import type { Finding } from "./finding.ts";
import type { Project } from "./project.ts";
import { isUsable, type SuppressionComment, suppressionComments } from "./suppression-comment.ts";

/** As the configuration has it. */
export interface ConfiguredSuppression {
  readonly rule: string;
  readonly subject?: string | undefined;
  readonly path?: string | undefined;
  readonly reason: string;
  readonly until?: string | undefined;
}

/** What became of a suppression of one rule. */
export interface SuppressionUse {
  readonly rule: string;
  readonly reason: string;
  readonly until?: string;
  readonly by: "comment" | "configuration";
  /** Of the comment. */
  readonly location?: SuppressionComment["location"];
  readonly subject?: string;
  readonly path?: string;
  /** `expired`: it would excuse something, but its day is past. `unused`: nothing is there to be excused. */
  readonly state: "used" | "expired" | "unused" | "not asked";
  /** How many findings it excuses, or would. */
  readonly findings: number;
}

export interface Suppressed {
  readonly findings: readonly Finding[];
  readonly suppressions: readonly SuppressionUse[];
}

interface Suppression extends Omit<SuppressionUse, "state" | "findings"> {
  excuses(finding: Finding): boolean;
}

/** @param isAsked whether a rule has been run, so that its suppressions could have been of use. */
export function suppress(
  findings: readonly Finding[],
  project: Project,
  configured: readonly ConfiguredSuppression[],
  { now, isAsked }: { readonly now: number; readonly isAsked: (rule: string) => boolean },
): Suppressed {
  const suppressions = [...configured.map(ofConfiguration), ...[...project.files.values()].flatMap(ofFile)];
  const counts = new Map<Suppression, number>();
  const marked = findings.map((finding) => {
    const matching = suppressions.filter((each) => each.excuses(finding));
    for (const each of matching) counts.set(each, (counts.get(each) ?? 0) + 1);
    const valid = matching.find((each) => !isOver(each, now));
    if (valid !== undefined) return { ...finding, suppressed: markOf(valid) };
    const [ended] = matching;
    return ended?.until === undefined ? finding : { ...finding, ended: { reason: ended.reason, until: ended.until } };
  });
  return {
    findings: marked,
    suppressions: suppressions.map((each) => {
      const { excuses, ...rest } = each;
      const count = counts.get(each) ?? 0;
      const unused = isAsked(each.rule) ? "unused" : "not asked";
      return { ...rest, state: count === 0 ? unused : isOver(each, now) ? "expired" : "used", findings: count };
    }),
  };
}

function markOf({ reason, until, by, location }: Suppression): NonNullable<Finding["suppressed"]> {
  return { reason, by, ...(until === undefined ? {} : { until }), ...(location === undefined ? {} : { location }) };
}

/** Its last day counts, to its end in UTC. */
function isOver({ until }: Suppression, now: number): boolean {
  return until !== undefined && new Date(now).toISOString().slice(0, 10) > until;
}

function ofConfiguration({ rule, subject, path, reason, until }: ConfiguredSuppression): Suppression {
  return {
    ...{ rule, reason, by: "configuration" },
    ...(subject === undefined ? {} : { subject }),
    ...(path === undefined ? {} : { path }),
    ...(until === undefined ? {} : { until }),
    excuses: (finding) =>
      finding.rule === rule &&
      (subject === undefined || finding.subject === subject) &&
      (path === undefined || isAtOrBelow(finding.path, path)),
  };
}

function isAtOrBelow(path: string, above: string): boolean {
  return path === above || (path.startsWith(above) && /^[.[]/.test(path.slice(above.length)));
}

function ofFile(file: SourceFile): readonly Suppression[] {
  const comments = suppressionComments(file).filter(isUsable);
  if (comments.length === 0) return [];
  const lines = file.text.split("\n");
  return comments.flatMap((comment) =>
    comment.rules.map((rule) => {
      const { reason, until, location } = comment;
      return {
        ...{ rule, reason, by: "comment" as const, location },
        ...(until === undefined ? {} : { until }),
        excuses: (finding: Finding) => finding.rule === rule && isAbout(comment, finding, lines),
      };
    }),
  );
}

/**
 * A comment is about what is on its line, or, where it has a line to itself, on the next one; about the service or the key that
 * begins there; and about what it is inside of. At the head of a file it is about the file.
 */
function isAbout({ location: comment }: SuppressionComment, finding: Finding, lines: readonly string[]): boolean {
  const { location, subject } = finding;
  if (location === undefined || location.file !== comment.file) return false;
  const covered = [comment.line, ...(isOwnLine(comment, lines) ? [nextLine(comment.line, lines)] : [])];
  if (covered.includes(location.line)) return true;
  if (location.start === 0 && location.end === 0) return lines.slice(0, comment.line).every(isBlankOrComment);
  if (isInside(comment, location, lines)) return true;
  return enclosingLines(location.line, lines).some(
    (line, index) =>
      covered.includes(line) && (keyOf(lines[line - 1]!) === subject || (index === 0 && isValueBelow(finding, lines))),
  );
}

/** Within the stretch that the finding is about, or in the lines below its key, to the last that is indented further. */
function isInside(comment: Location, { line, column, start, end }: Location, lines: readonly string[]): boolean {
  if (comment.start > start && comment.start < end && comment.column >= column) return true;
  const text = lines[line - 1] ?? "";
  if (comment.line <= line || text.slice(0, column - 1).trim() !== "") return false;
  const isKey = text.slice(column - 1 + end - start).startsWith(":");
  const indent = isKey ? column : column - 1;
  if (comment.column - 1 < indent) return false;
  return lines.slice(line, comment.line - 1).every((each) => isBlankOrComment(each) || indentOf(each) >= indent);
}

/** Whether the finding is about a whole value that stands below its key, and not about a key in it. */
function isValueBelow({ location }: Finding, lines: readonly string[]): boolean {
  if (location === undefined) return false;
  const line = lines[location.line - 1] ?? "";
  const after = line.slice(location.column - 1 + location.end - location.start);
  return line.slice(0, location.column - 1).trim() === "" && !after.startsWith(":");
}

/** The lines of the keys that a line of YAML is below, the nearest first. */
function enclosingLines(line: number, lines: readonly string[]): readonly number[] {
  const above: number[] = [];
  let depth = depthOf(lines[line - 1] ?? "");
  for (let at = line - 1; at >= 1 && depth > 0; at -= 1) {
    const text = lines[at - 1]!;
    if (isBlankOrComment(text) || depthOf(text) >= depth) continue;
    depth = depthOf(text);
    above.push(at);
  }
  return above;
}

/** Twice the indentation; an item of a list is below a key that begins in its column. */
function depthOf(line: string): number {
  return 2 * indentOf(line) + (/^\s*-(?:\s|$)/.test(line) ? 1 : 0);
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function keyOf(line: string): string | undefined {
  const [, quoted, plain] = /^\s*(?:-\s+)*(?:["']([^"']+)["']|([^\s"'#:][^#:]*?))\s*:(?:\s|$)/.exec(line) ?? [];
  return quoted ?? plain;
}

function isOwnLine({ line, column }: SuppressionComment["location"], lines: readonly string[]): boolean {
  return lines[line - 1]!.slice(0, column - 1).trim() === "";
}

function nextLine(line: number, lines: readonly string[]): number {
  let next = line + 1;
  while (next <= lines.length && isBlankOrComment(lines[next - 1]!)) next += 1;
  return next;
}

function isBlankOrComment(line: string): boolean {
  return /^\s*(?:#|--|;|$)/.test(line);
}

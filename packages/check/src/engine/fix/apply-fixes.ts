/** Makes planned fixes, looks whether they have helped, and takes back those that have not. */
import { chmodSync } from "node:fs";
import type { Report } from "../check.ts";
import type { Edit } from "../edit.ts";
import type { Finding } from "../finding.ts";
import type { Unreadable } from "../project.ts";
import { type FileChange, type FixPlan, isAsRead, type Refusal } from "./plan-fixes.ts";
import { replaceFile } from "./write-file.ts";

export interface FixResult {
  readonly fixed: readonly Finding[];
  /** Those of the plan that were not made, or were taken back. */
  readonly refused: readonly Refusal[];
  /** The paths of the files that are different now. */
  readonly files: readonly string[];
  /** After it. */
  readonly report: Report;
}

/**
 * Each file is replaced as a whole; then everything is read and checked again. A file that can no longer be read, or in which a finding
 * is left that was to be gone, gets back what it had, and so do the others that are of the same finding.
 */
export function applyFixes(plan: FixPlan, before: Report, recheck: () => Report): FixResult {
  const refused = new Map(plan.refused.map(({ finding, reason }) => [finding, reason]));
  const changes = new Map(plan.files.map((change) => [change.file.path, change]));
  const done = new Map<string, FileChange>();
  const takeBack = (path: string, reason: string) => {
    const waiting = [path];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const change = done.get(next);
      done.delete(next);
      changes.delete(next);
      if (change !== undefined) restore(change);
      for (const finding of plan.findings) {
        if (!filesOf(finding).has(next) || refused.has(finding)) continue;
        refused.set(finding, reason);
        waiting.push(...filesOf(finding));
      }
    }
  };

  for (const [path, change] of changes) {
    if (!changes.has(path)) continue;
    const reason = make(change);
    if (reason === undefined) done.set(path, change);
    else takeBack(path, reason);
  }
  let report = recheck();
  for (let wrong = wrongFiles(plan, before, report, done, refused); wrong.size > 0; ) {
    for (const [path, reason] of wrong) takeBack(path, reason);
    report = recheck();
    wrong = wrongFiles(plan, before, report, done, refused);
  }
  return {
    fixed: plan.findings.filter((finding) => !refused.has(finding)),
    refused: [...refused].map(([finding, reason]) => ({ finding, reason })),
    files: [...done.keys()],
    report,
  };
}

function filesOf({ edits }: Finding): ReadonlySet<string> {
  return new Set(edits.map((edit: Edit) => (edit.kind === "replace" ? edit.at.file : edit.file)));
}

/** The reason for which it could not be made. */
function make({ file, text, mode }: FileChange): string | undefined {
  if (text !== undefined && !isAsRead(file)) return `${file.path} has been changed since it was read`;
  try {
    if (text !== undefined) replaceFile(file.absolutePath, text);
    if (mode !== undefined) chmodSync(file.absolutePath, mode);
    return undefined;
  } catch (error) {
    return `${file.path} cannot be written (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`;
  }
}

function restore({ file, text, mode }: FileChange): void {
  if (text !== undefined) replaceFile(file.absolutePath, file.text);
  if (mode !== undefined && file.mode !== undefined) chmodSync(file.absolutePath, file.mode);
}

/** The files that are to get back what they had, with the reason. */
function wrongFiles(
  plan: FixPlan,
  before: Report,
  after: Report,
  done: ReadonlyMap<string, FileChange>,
  refused: ReadonlyMap<Finding, string>,
): ReadonlyMap<string, string> {
  const wrong = new Map<string, string>();
  const known = new Set(before.unreadable.map(keyOfUnreadable));
  for (const unreadable of after.unreadable) {
    if (known.has(keyOfUnreadable(unreadable))) continue;
    const { subject, location, message } = unreadable;
    const own = [subject, location?.file].filter((path) => path !== undefined && done.has(path)) as string[];
    for (const path of own.length > 0 ? own : done.keys())
      wrong.set(path, `after it ${subject} could not be read: ${message}`);
  }
  const left = countBySubject(after.findings);
  const there = countBySubject(before.findings);
  const made = plan.findings.filter((finding) => !refused.has(finding));
  const expected = countBySubject(made);
  for (const finding of made) {
    const key = keyOf(finding);
    if ((left.get(key) ?? 0) <= (there.get(key) ?? 0) - expected.get(key)!) continue;
    for (const path of filesOf(finding))
      if (done.has(path)) wrong.set(path, `${finding.rule} was still found after it`);
  }
  return wrong;
}

/** Not by path: an item of a list moves up when one before it goes. */
function keyOf({ rule, subject }: Finding): string {
  return JSON.stringify([rule, subject]);
}

function countBySubject(findings: readonly Finding[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const finding of findings) counts.set(keyOf(finding), (counts.get(keyOf(finding)) ?? 0) + 1);
  return counts;
}

function keyOfUnreadable({ subject, message }: Unreadable): string {
  return JSON.stringify([subject, message]);
}

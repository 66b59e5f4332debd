/** Projects of files that a test writes into a folder of its own, read as the command reads them. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { check } from "../src/engine/check.ts";
import type { Finding } from "../src/engine/finding.ts";
import { planFixes } from "../src/engine/fix/plan-fixes.ts";
import { Project } from "../src/engine/project.ts";
import type { Profile, Rule } from "../src/engine/rule.ts";
import type { DocumentKind, Documents } from "../src/inputs/documents.ts";
import { type ReadOptions, readProject } from "../src/inputs/read-project.ts";

/** Text, or text with permission bits. */
export type Files = Readonly<Record<string, string | { readonly text: string; readonly mode: number }>>;

/** A folder with these files, which goes with the test. */
export function folderOf(files: Files): string {
  const root = mkdtempSync(join(tmpdir(), "espalier-check-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    const { text, mode } = typeof content === "string" ? { text: content, mode: 0o644 } : content;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), mode);
  }
  return root;
}

export function projectOf(files: Files, options: Partial<ReadOptions> = {}): Project {
  return readProject({ root: folderOf(files), paths: ["."], environment: {}, ...options });
}

/** What was observed, with nothing read. */
export function observed(documents: { readonly [Kind in DocumentKind]?: readonly Documents[Kind][] }): Project {
  return new Project({ root: "/", files: [], documents });
}

export interface FindingsOptions extends Partial<ReadOptions> {
  readonly profile?: Profile;
  readonly now?: number;
}

/** What one rule finds, in the profile that asks for most unless told; fails where something could not be read. */
export function findingsOf(rule: Rule, files: Files | Project, options: FindingsOptions = {}): readonly Finding[] {
  const { profile = "strict", now = Date.UTC(2026, 0, 15), ...reading } = options;
  const project = files instanceof Project ? files : projectOf(files, reading);
  const { findings, unreadable } = check(project, [rule], { profile, now });
  if (unreadable.length > 0)
    throw new Error(unreadable.map(({ subject, message }) => `${subject}: ${message}`).join("\n"));
  return findings;
}

/** A finding on one line: severity, place, path, message. */
export function linesOf(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ severity, location, path, message }) => {
    const place = location === undefined ? "" : `${location.file}:${location.line}:${location.column} `;
    return `${severity} ${place}${path}: ${message}`;
  });
}

/** A finding as its rule made it, its place as `file:line:column`. */
export function detailsOf(findings: readonly Finding[]) {
  return findings.map(({ subject, severity, message, location, path, fix, edits }) => ({
    subject,
    severity,
    message,
    place: location === undefined ? undefined : `${location.file}:${location.line}:${location.column}`,
    path,
    fix,
    edits,
  }));
}

/** The texts of files after every fix that a rule offers, and what it finds in them then. */
export function fixedBy(rule: Rule, files: Readonly<Record<string, string>>, options: FindingsOptions = {}) {
  const project = projectOf(files);
  const { files: changes } = planFixes(project, findingsOf(rule, project, options), "all");
  const texts = Object.fromEntries(changes.map(({ file, text }) => [file.path, text ?? file.text]));
  return { texts, left: linesOf(findingsOf(rule, { ...files, ...texts }, options)) };
}

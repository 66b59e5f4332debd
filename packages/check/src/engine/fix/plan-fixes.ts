/** What can be put right by itself: the new text and mode of each file, and the findings that this cannot be done for, with the reason. */
import { readFileSync } from "node:fs";
import type { Key } from "../../inputs/config-node.ts";
import type { Location, SourceFile } from "../../inputs/source-file.ts";
import type { Edit } from "../edit.ts";
import type { Finding } from "../finding.ts";
import type { Project } from "../project.ts";
import { editYaml } from "../yaml-edit/edit-yaml.ts";
import type { YamlEdit } from "../yaml-edit/model-edit.ts";
import { unifiedDiff } from "./text-diff.ts";

/** Which fixes are made: those that change nothing that a working system does, or also those that may. */
export type FixLevel = "safe" | "all";

export interface FileChange {
  readonly file: SourceFile;
  /** Undefined where it stays as it is. */
  readonly text?: string;
  readonly mode?: number;
}

export interface Refusal {
  readonly finding: Finding;
  /** The end of the sentence `it was not fixed: …`. */
  readonly reason: string;
}

export interface FixPlan {
  readonly files: readonly FileChange[];
  readonly findings: readonly Finding[];
  readonly refused: readonly Refusal[];
}

type ReplaceEdit = Extract<Edit, { readonly kind: "replace" }>;

/** All edits of a finding are made or none. Of two that want the same place to be different things, the more severe one is first. */
export function planFixes(project: Project, findings: readonly Finding[], level: FixLevel): FixPlan {
  const refused = new Map<Finding, string>();
  const candidates = findings.filter((finding) => isFixable(finding, level));
  const readable = new Map<string, string | undefined>();
  const taken: Edit[] = [];
  for (const finding of candidates) {
    const reason = unfit(project, finding, readable) ?? conflict(finding.edits, taken);
    if (reason === undefined) taken.push(...finding.edits);
    else refused.set(finding, reason);
  }
  for (;;) {
    const accepted = candidates.filter((finding) => !refused.has(finding));
    const before = refused.size;
    const files = changesOf(project, accepted, refused);
    if (refused.size === before) {
      return { files, findings: accepted, refused: [...refused].map(([finding, reason]) => ({ finding, reason })) };
    }
  }
}

function isFixable({ suppressed, fixability }: Finding, level: FixLevel): boolean {
  return suppressed === undefined && (fixability === "safe" || (level === "all" && fixability === "unsafe"));
}

/** The changes as `diff -u` shows them; a mode as git does. */
export function formatPlan({ files }: FixPlan): string {
  return files
    .map(({ file, text, mode }) => {
      const modes = mode === undefined ? "" : `${fileMode("old", file.mode)}${fileMode("new", mode)}`;
      const header = modes === "" ? "" : `diff --git a/${file.path} b/${file.path}\n${modes}`;
      return header + (text === undefined ? "" : unifiedDiff(file.path, file.text, text));
    })
    .join("");
}

function fileMode(which: string, mode: number | undefined): string {
  return mode === undefined ? "" : `${which} mode 100${mode.toString(8).padStart(3, "0")}\n`;
}

function fileOf(edit: Edit): string {
  return edit.kind === "replace" ? edit.at.file : edit.file;
}

/** Why the files of a finding are not to be touched. */
function unfit(project: Project, { edits }: Finding, known: Map<string, string | undefined>): string | undefined {
  for (const path of new Set(edits.map(fileOf))) {
    if (!known.has(path)) known.set(path, unfitFile(project, path));
    const reason = known.get(path);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function unfitFile(project: Project, path: string): string | undefined {
  const file = project.files.get(path);
  if (file === undefined) return `${path} is not among the files that were read`;
  if (project.unreadable.some(({ subject, location }) => subject === path || location?.file === path)) {
    return `${path} could not be read as a whole`;
  }
  return isAsRead(file) ? undefined : `${path} has been changed since it was read, or is not UTF-8`;
}

/** Whether the file on the disk is, byte for byte, the text that was read. */
export function isAsRead(file: SourceFile): boolean {
  try {
    return readFileSync(file.absolutePath).equals(Buffer.from(file.text));
  } catch {
    return false;
  }
}

function conflict(edits: readonly Edit[], taken: readonly Edit[]): string | undefined {
  const isTaken = edits.some((edit) => taken.some((other) => contradicts(edit, other)));
  return isTaken ? "another fix changes the same place: run the command again" : undefined;
}

function contradicts(edit: Edit, other: Edit): boolean {
  if (fileOf(edit) !== fileOf(other) || isSame(edit, other)) return false;
  if (edit.kind === "chmod" || other.kind === "chmod") return false;
  if (edit.kind === "replace" || other.kind === "replace") {
    return edit.kind === "replace" && other.kind === "replace" && overlap(edit.at, other.at);
  }
  // What is added to a list goes with whatever becomes of its other items.
  if (edit.kind === "append" && (other.kind === "append" || isBelow(other.path, edit.path))) return false;
  if (other.kind === "append" && isBelow(edit.path, other.path)) return false;
  return isPrefix(edit.path, other.path) || isPrefix(other.path, edit.path);
}

function isSame(left: Edit, right: Edit): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

function overlap(left: Location, right: Location): boolean {
  return (left.start < right.end && right.start < left.end) || left.start === right.start;
}

function isBelow(path: readonly Key[], above: readonly Key[]): boolean {
  return path.length > above.length && isPrefix(above, path);
}

function isPrefix(short: readonly Key[], long: readonly Key[]): boolean {
  return short.every((key, index) => key === long[index]);
}

/** Adds to `refused` what turns out to be impossible; then its result is of no use. */
function changesOf(
  project: Project,
  findings: readonly Finding[],
  refused: Map<Finding, string>,
): readonly FileChange[] {
  const owners = new Map<string, { readonly edit: Edit; readonly findings: Finding[] }>();
  for (const finding of findings) {
    for (const edit of finding.edits) {
      const key = JSON.stringify(edit);
      const owned = owners.get(key);
      if (owned === undefined) owners.set(key, { edit, findings: [finding] });
      else owned.findings.push(finding);
    }
  }
  const byFile = Map.groupBy(owners.values(), ({ edit }) => fileOf(edit));
  return [...byFile].flatMap(([path, owned]) => {
    const file = project.files.get(path)!;
    const edits = owned.map(({ edit }) => edit);
    const replaced = replace(
      file.text,
      edits.filter((edit) => edit.kind === "replace"),
    );
    const yamlEdits = edits.filter((edit): edit is YamlEdit => "path" in edit);
    const edited = editYaml(replaced, yamlEdits);
    for (const { edit, findings: wanting } of owned) {
      const reason = edited.refused.get(edit as YamlEdit);
      if (reason !== undefined) for (const finding of wanting) refused.set(finding, reason);
    }
    const modes = edits.flatMap((edit) => (edit.kind === "chmod" ? [edit.mode] : []));
    // What is asked for twice is granted to nobody whom one of the two would refuse.
    const mode = modes.length === 0 ? undefined : modes.reduce((left, right) => left & right);
    const isChanged = edited.text !== file.text;
    if (!isChanged && (mode === undefined || mode === file.mode)) return [];
    return [
      {
        file,
        ...(isChanged ? { text: edited.text } : {}),
        ...(mode === undefined || mode === file.mode ? {} : { mode }),
      },
    ];
  });
}

function replace(text: string, edits: readonly ReplaceEdit[]): string {
  return edits
    .toSorted((left, right) => right.at.start - left.at.start)
    .reduce((result, { at, text: put }) => result.slice(0, at.start) + put + result.slice(at.end), text);
}

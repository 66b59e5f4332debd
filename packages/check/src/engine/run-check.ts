/** A whole check: reads the files, adds what was observed, and asks the rules. */
import type { DocumentKind } from "../inputs/documents.ts";
import { formats } from "../inputs/formats.ts";
import { type ReadOptions, readProject } from "../inputs/read-project.ts";
import { type CheckOptions, check, type Report } from "./check.ts";
import type { Project } from "./project.ts";
import type { Rule } from "./rule.ts";

export interface RunOptions extends CheckOptions {
  readonly reading: ReadOptions;
  readonly rules: readonly Rule[];
  /** Adds what was observed on a running system. */
  readonly observe?: ((project: Project) => Project) | undefined;
}

export interface CheckRun {
  readonly project: Project;
  readonly report: Report;
}

export function runCheck({ reading, rules, observe, ...options }: RunOptions): CheckRun {
  const files = readProject(reading);
  const project = observe === undefined ? files : observe(files);
  return { project, report: check(project, rules, options) };
}

const knownKinds: ReadonlySet<DocumentKind> = new Set([...formats.map(({ kind }) => kind), "compose"]);

/** Whether there is any file whose format is known: a report about nothing must not look clean. */
export function hasKnownFile(project: Project): boolean {
  return [...knownKinds].some((kind) => project.of(kind).length > 0);
}

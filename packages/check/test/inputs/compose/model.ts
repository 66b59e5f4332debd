/** Compose projects of files that a test writes, and their merged models as plain values. */
import type { JsonValue } from "@espalier/service";
import { expect } from "vitest";
import type { ComposeProject } from "../../../src/inputs/compose/compose-project.ts";
import type { ReadOptions } from "../../../src/inputs/read-project.ts";
import { type Files, projectOf } from "../../project.ts";

/** Of files that can all be read. */
export function composeProjects(files: Files, options: Partial<ReadOptions> = {}): readonly ComposeProject[] {
  const project = projectOf(files, options);
  expect(project.unreadable).toEqual([]);
  return project.of("compose");
}

/** The one project that the files make. */
export function composeProject(files: Files, options: Partial<ReadOptions> = {}): ComposeProject {
  const projects = composeProjects(files, options);
  expect(projects.map(({ files: [first] }) => first)).toHaveLength(1);
  return projects[0]!;
}

export function modelOf(files: Files, options: Partial<ReadOptions> = {}): JsonValue {
  return composeProject(files, options).model.value;
}

/** What could not be read: `FILE:LINE:COLUMN: message`. */
export function problemsOf(files: Files, options: Partial<ReadOptions> = {}): readonly string[] {
  return projectOf(files, options).unreadable.map(({ subject, message, location }) =>
    location === undefined
      ? `${subject}: ${message}`
      : `${location.file}:${location.line}:${location.column}: ${message}`,
  );
}

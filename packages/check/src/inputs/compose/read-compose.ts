/** Finds the compose projects among the files that were read, and merges each as Docker would. */
import type { Unreadable } from "../../engine/project.ts";
import type { SourceFile } from "../source-file.ts";
import type { ComposeProject } from "./compose-project.ts";

export interface ComposeOptions {
  readonly root: string;
  readonly files: readonly SourceFile[];
  readonly composeFiles?: readonly string[];
  readonly envFiles?: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export function readComposeProjects(_: ComposeOptions): {
  readonly projects: readonly ComposeProject[];
  readonly unreadable: readonly Unreadable[];
} {
  return { projects: [], unreadable: [] };
}

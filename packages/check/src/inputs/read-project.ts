/** Reads what a check is to look at: files and folders, each file as every format that it is of. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { Project, type Unreadable } from "../engine/project.ts";
import { readComposeProjects } from "./compose/read-compose.ts";
import type { DocumentKind, Documents } from "./documents.ts";
import type { Format } from "./format.ts";
import { formats } from "./formats.ts";
import { InputError, SourceFile } from "./source-file.ts";

export interface ReadOptions {
  /** Absolute; findings name files relative to it. */
  readonly root: string;
  /** Files and folders, absolute or relative to the root. */
  readonly paths: readonly string[];
  /** Compose files that are merged in this order, in place of those that are found. */
  readonly composeFiles?: readonly string[];
  /** In place of the `.env` beside a compose file. */
  readonly envFiles?: readonly string[];
  /** What `${NAME}` is filled from before `.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

type Collected = { [Kind in DocumentKind]?: Documents[Kind][] };

const skippedFolders: ReadonlySet<string> = new Set([".git", ".hg", ".svn", "node_modules"]);
/** Larger ones are data. */
const maxFileBytes = 4 * 1024 * 1024;

export function readProject({ root, paths, ...options }: ReadOptions): Project {
  const unreadable: Unreadable[] = [];
  const files: SourceFile[] = [];
  const seen = new Set<string>();
  const named = [...paths, ...(options.composeFiles ?? []), ...(options.envFiles ?? [])];
  for (const path of named) {
    for (const absolute of filesBelow(resolve(root, path), unreadable, root)) {
      if (seen.has(absolute)) continue;
      seen.add(absolute);
      const file = readSource(absolute, root, unreadable);
      if (file !== undefined) files.push(file);
    }
  }
  const documents: Collected = { file: files };
  for (const file of files) {
    for (const format of formats) parseAs(format, file, documents, unreadable);
  }
  const compose = readComposeProjects({ ...options, root, files });
  documents.compose = [...compose.projects];
  unreadable.push(...compose.unreadable);
  return new Project({ root, files, documents, unreadable });
}

function parseAs(format: Format, file: SourceFile, documents: Collected, unreadable: Unreadable[]): void {
  if (!format.recognizes(file)) return;
  try {
    const before: readonly unknown[] = documents[format.kind] ?? [];
    Object.assign(documents, { [format.kind]: [...before, ...format.parse(file)] });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    unreadable.push({ subject: file.path, message: error.message, location: error.location });
  }
}

function* filesBelow(path: string, unreadable: Unreadable[], root: string): Generator<string> {
  try {
    const status = statSync(path);
    if (!status.isDirectory()) {
      yield path;
      return;
    }
    const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const inner = join(path, entry.name);
      if (entry.isDirectory()) {
        if (!skippedFolders.has(entry.name)) yield* filesBelow(inner, unreadable, root);
      } else if (entry.isFile()) yield inner;
    }
  } catch (error) {
    unreadable.push({ subject: shown(path, root), message: reason(error) });
  }
}

function readSource(absolutePath: string, root: string, unreadable: Unreadable[]): SourceFile | undefined {
  const path = shown(absolutePath, root);
  try {
    const { size, mode } = statSync(absolutePath);
    if (size > maxFileBytes) return undefined;
    const bytes = readFileSync(absolutePath);
    if (bytes.includes(0)) return undefined;
    return new SourceFile({ path, absolutePath, text: bytes.toString("utf8"), mode: mode & 0o7777 });
  } catch (error) {
    unreadable.push({ subject: path, message: reason(error) });
    return undefined;
  }
}

function shown(absolutePath: string, root: string): string {
  const path = relative(root, absolutePath).split(sep).join("/");
  return path === "" ? "." : path;
}

function reason(error: unknown): string {
  const { code = "unknown error" } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file or folder";
  return code === "EACCES" ? "it may not be read by this user" : `it cannot be read (${code})`;
}

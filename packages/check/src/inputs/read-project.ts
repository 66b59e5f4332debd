/** Reads what a check is to look at: files and folders, each file as every format that it is of. */
import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { Project, type Unreadable } from "../engine/project.ts";
import { readAccounts } from "./accounts.ts";
import { readComposeProjects } from "./compose/read-compose.ts";
import type { DocumentKind, Documents } from "./documents.ts";
import { formats } from "./formats.ts";
import { readGitWorkTrees } from "./git.ts";
import { certificateFiles } from "./named-certificates.ts";
import { parsePem } from "./pem.ts";
import { InputError } from "./source-file.ts";
import { SourceFiles, whyUnreadable } from "./source-files.ts";

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

export function readProject({ root, paths, ...options }: ReadOptions): Project {
  const unreadable: Unreadable[] = [];
  const files = new SourceFiles(root);
  for (const path of [...paths, ...(options.composeFiles ?? []), ...(options.envFiles ?? [])]) {
    for (const absolute of filesBelow(resolve(root, path), unreadable, files)) {
      collecting(files.shown(absolute), unreadable, () => files.read(absolute));
    }
  }
  // Before the other formats: compose files lead to files that were not named.
  const compose = readComposeProjects({ ...options, root, files });
  const { texts, binaries } = files;
  const git = readGitWorkTrees(texts);
  const documents: Collected = {
    file: [...texts],
    binaryFile: [...binaries],
    compose: [...compose.projects],
    gitWorkTree: [...git.workTrees],
    accounts: [readAccounts()],
  };
  for (const file of texts) {
    for (const format of formats) {
      if (format.recognizes(file)) {
        collecting(file.path, unreadable, () => add(documents, format.kind, format.parse(file)));
      }
    }
  }
  // What they name may lie elsewhere on this machine.
  for (const absolute of certificateFiles(new Project({ root, files: texts, documents }))) {
    if (files.known(absolute) !== undefined) continue;
    collecting(files.shown(absolute), unreadable, () => add(documents, "pem", [parsePem(files.readText(absolute))]));
  }
  unreadable.push(...compose.unreadable, ...git.unreadable);
  return new Project({ root, files: files.texts, documents, unreadable: distinct(unreadable) });
}

/** What is read in more than one way is told once. */
function distinct(unreadable: readonly Unreadable[]): readonly Unreadable[] {
  const byPlace = new Map(
    unreadable.map((each) => [JSON.stringify([each.subject, each.message, each.location?.start]), each]),
  );
  return [...byPlace.values()];
}

/** What cannot be read is kept with the reason, and the rest is read. */
function collecting(subject: string, unreadable: Unreadable[], read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    unreadable.push({ subject, message: error.message, location: error.location });
  }
}

function add<Kind extends DocumentKind>(documents: Collected, kind: Kind, parsed: readonly Documents[Kind][]): void {
  const before: Documents[Kind][] = documents[kind] ?? [];
  Object.assign(documents, { [kind]: [...before, ...parsed] });
}

function* filesBelow(path: string, unreadable: Unreadable[], files: SourceFiles): Generator<string> {
  try {
    if (!statSync(path).isDirectory()) {
      yield path;
      return;
    }
    const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const inner = join(path, entry.name);
      if (entry.isDirectory()) {
        if (!skippedFolders.has(entry.name)) yield* filesBelow(inner, unreadable, files);
      } else if (entry.isFile() || (entry.isSymbolicLink() && leadsToFile(inner))) yield inner;
    }
  } catch (error) {
    unreadable.push({ subject: files.shown(path), message: whyUnreadable(error) });
  }
}

/** Links to folders are not followed: they may lead out of the tree, or round in it. */
function leadsToFile(link: string): boolean {
  return statSync(link, { throwIfNoEntry: false })?.isFile() ?? false;
}

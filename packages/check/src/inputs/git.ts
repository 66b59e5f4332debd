/** The Git work trees that files were read from, with what is tracked in each. Git itself is not run. */
import { readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import type { Unreadable } from "../engine/project.ts";
import { parseGitIndex } from "./git-index.ts";
import type { SourceFile } from "./source-file.ts";

export interface GitWorkTree {
  /** Its top, absolute. */
  readonly top: string;
  /** The paths, as {@link SourceFile.path}, of the files that were read and are tracked. */
  readonly tracked: ReadonlySet<string>;
}

/** @param files those that were read; work trees are looked for from their folders upwards. */
export function readGitWorkTrees(files: readonly SourceFile[]): {
  readonly workTrees: readonly GitWorkTree[];
  readonly unreadable: readonly Unreadable[];
} {
  const tops = new Map<string, string | undefined>();
  const filesOf = new Map<string, SourceFile[]>();
  for (const file of files) {
    const top = topOf(dirname(file.absolutePath), tops);
    if (top === undefined) continue;
    const inside = filesOf.get(top);
    if (inside === undefined) filesOf.set(top, [file]);
    else inside.push(file);
  }
  const workTrees: GitWorkTree[] = [];
  const unreadable: Unreadable[] = [];
  for (const [top, inside] of filesOf) {
    try {
      const paths = new Set(indexOf(top));
      const tracked = inside.filter(({ absolutePath }) => paths.has(relative(top, absolutePath).split(sep).join("/")));
      workTrees.push({ top, tracked: new Set(tracked.map(({ path }) => path)) });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = error instanceof RangeError ? message : `it cannot be read (${code ?? "unknown error"})`;
      unreadable.push({ subject: join(top, ".git/index"), message: `${reason}; run git status there` });
    }
  }
  return { workTrees, unreadable };
}

function topOf(folder: string, known: Map<string, string | undefined>): string | undefined {
  const cached = known.get(folder);
  if (cached !== undefined || known.has(folder)) return cached;
  const parent = dirname(folder);
  const isTop = statSync(join(folder, ".git"), { throwIfNoEntry: false }) !== undefined;
  const top = isTop ? folder : parent === folder ? undefined : topOf(parent, known);
  known.set(folder, top);
  return top;
}

function indexOf(top: string): readonly string[] {
  try {
    return parseGitIndex(readFileSync(join(gitFolder(top), "index")));
  } catch (error) {
    // Nothing was added yet.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** In a linked work tree `.git` is a file that says where the folder is. gitrepository-layout(5). */
function gitFolder(top: string): string {
  const path = join(top, ".git");
  if (statSync(path).isDirectory()) return path;
  const [, folder] = /^gitdir: (.+)/.exec(readFileSync(path, "utf8")) ?? [];
  if (folder === undefined) throw new RangeError(`${path} does not say where the repository is`);
  return resolve(top, folder.trim());
}

/** Puts several files in the place of others, all of them or none: written beside their places first, renamed when all are there. */
import { randomUUID } from "node:crypto";
import { chown, link, mkdir, open, rename, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

export interface FileChange {
  readonly absolutePath: string;
  readonly content: string | Uint8Array;
  readonly mode: number;
}

/**
 * Missing folders are made. A file that is there keeps its owner, where this process may give files away.
 *
 * @throws the error of the file system; everything is as it was then.
 */
export async function replaceFiles(changes: readonly FileChange[]): Promise<void> {
  // Undone from the last to the first: what was renamed, what lies beside it, the folders around it.
  await using folders = new AsyncDisposableStack();
  await using temporaries = new AsyncDisposableStack();
  await using renames = new AsyncDisposableStack();
  const staged: { readonly target: string; readonly staged: string }[] = [];
  for (const change of changes) {
    const target = change.absolutePath;
    await makeFolder(dirname(target), folders);
    const path = beside(target, "new");
    temporaries.defer(() => rm(path, { force: true }));
    await stage(path, target, change);
    staged.push({ target, staged: path });
  }
  for (const { target, staged: path } of staged) {
    const before = beside(target, "old");
    const wasThere = await keep(target, before);
    temporaries.defer(() => rm(before, { force: true }));
    await rename(path, target);
    renames.defer(() => (wasThere ? rename(before, target) : rm(target, { force: true })));
  }
  folders.move();
  renames.move();
}

/** Hidden, and named after what it is for: what is left by a machine that stopped in between is recognized. */
function beside(target: string, what: "new" | "old"): string {
  return join(dirname(target), `.${basename(target)}.${randomUUID()}.${what}`);
}

async function makeFolder(path: string, undo: AsyncDisposableStack): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let folder = first; ; folder = join(folder, path.slice(folder.length + 1).split("/")[0]!)) {
    undo.defer(() => rmdir(folder));
    if (folder === path) return;
  }
}

async function stage(path: string, target: string, { content, mode }: FileChange): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(content);
    const owner = await stat(target).catch(() => undefined);
    const isOurs = owner === undefined || (owner.uid === process.geteuid?.() && owner.gid === process.getegid?.());
    if (!isOurs) await chown(path, owner.uid, owner.gid).catch(ignoreRefusal);
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A second name for what is there. @returns false where nothing is. */
async function keep(target: string, before: string): Promise<boolean> {
  try {
    await link(target, before);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

function ignoreRefusal(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
}

/** Puts archived files into a folder, each whole or not at all, and counts what is there afterwards. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { chmod, lstat, mkdir, readdir, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Contents } from "../contents.ts";
import { syncDirectory } from "../durable-file.ts";
import type { Tally } from "../set-digest.ts";
import { archivedFiles } from "./files-part.ts";
import type { Bytes } from "./part.ts";

/** There from before the first file until after the last. */
const marker = ".espalier-restore-in-progress";

/** Whether nothing is there, or what an interrupted restore of the same backup has left. */
export async function isFolderFree(folder: string, backup: string): Promise<boolean> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.length === 0 || names.includes(`${marker}-${backup}`);
}

/** Below `folder`, under the absolute path that each had. Modes are theirs; they belong to who restores them. */
export async function writeFiles(archive: Bytes, folder: string, backup = "drill"): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const begun = join(folder, `${marker}-${backup}`);
  await writeFile(begun, "This restore was begun and has not ended: run it again.\n", { flush: true });
  await syncDirectory(folder);
  const folders = new Map<string, number>();
  for await (const { path, type, mode, linkName, content } of archivedFiles(archive)) {
    const to = join(folder, path);
    await mkdir(type === "directory" ? to : dirname(to), { recursive: true, mode: 0o700 });
    if (type === "directory") {
      folders.set(to, mode);
      continue;
    }
    // The same name in each attempt: what an interrupted one has left is written over.
    const temporary = `${to}.espalier-partial`;
    await rm(temporary, { force: true });
    if (type === "symlink") await symlink(linkName ?? "", temporary);
    else {
      await pipeline(content, createWriteStream(temporary, { flags: "wx", mode: 0o600, flush: true }));
      await chmod(temporary, mode);
    }
    await rename(temporary, to);
  }
  // Innermost first: a folder that may not be written to takes no more files.
  for (const [path, mode] of [...folders].reverse()) await chmod(path, mode);
  await syncDirectory(folder);
  await rm(begun);
  await syncDirectory(folder);
}

/** What is there of the files that are expected, by the absolute paths that they had. */
export async function inspectFolder(folder: string, expected: Contents): Promise<Contents> {
  const contents: Record<string, Tally> = {};
  for await (const path of below(folder)) {
    if (!Object.hasOwn(expected, path.slice(folder.length))) continue;
    const status = await lstat(path);
    const type = status.isDirectory() ? "directory" : status.isSymbolicLink() ? "symlink" : "file";
    const linkName = type === "symlink" ? await readlink(path) : "";
    const hash = createHash("sha256").update(`${type} ${status.mode & 0o7777} ${linkName}\n`);
    let count = 0;
    if (type === "file") {
      for await (const chunk of createReadStream(path)) {
        hash.update(chunk);
        count += chunk.length;
      }
    }
    contents[path.slice(folder.length)] = { count, digest: hash.digest("hex") };
  }
  return contents;
}

async function* below(folder: string): AsyncGenerator<string, void, undefined> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    yield path;
    if (entry.isDirectory()) yield* below(path);
  }
}

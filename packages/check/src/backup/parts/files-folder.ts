/** Puts archived files into a folder, each whole or not at all, and counts what is there afterwards. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, type Stats } from "node:fs";
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

/**
 * Whether nothing is there, or what an interrupted restore of the same backup has left. In `/` there is always something: it is free
 * where each file that is expected is missing, or is the same already, as one that several parts name.
 */
export async function isFolderFree(folder: string, backup: string, expected: Contents): Promise<boolean> {
  const names = (await unlessAbsent(readdir(folder))) ?? [];
  if (names.includes(`${marker}-${backup}`)) return true;
  if (folder !== "/") return names.length === 0;
  for (const [path, { digest }] of Object.entries(expected)) {
    const status = await unlessAbsent(lstat(path));
    if (status === undefined || status.isDirectory()) continue;
    if ((await tallyOf(path, status)).digest !== digest) return false;
  }
  return true;
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
  for (const name of Object.keys(expected)) {
    const path = join(folder, name);
    const status = await unlessAbsent(lstat(path));
    if (status !== undefined) contents[name] = await tallyOf(path, status);
  }
  return contents;
}

async function tallyOf(path: string, status: Stats): Promise<Tally> {
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
  return { count, digest: hash.digest("hex") };
}

async function unlessAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  return asked.catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

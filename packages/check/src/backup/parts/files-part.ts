/** Files of configuration, and those that hold secrets: a tar archive (POSIX.1-2001 pax) with their absolute paths and modes. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, pack } from "tar-stream";
import { BackupError } from "../backup-error.ts";
import type { Contents } from "../contents.ts";
import type { Tally } from "../set-digest.ts";
import type { FilesSource } from "../source.ts";
import type { Bytes, PartToWrite } from "./part.ts";

export function filesPart({ name, paths }: FilesSource): PartToWrite {
  return {
    name,
    kind: "files",
    source: paths.length === 1 ? paths[0]! : `${paths.length} files and folders`,
    fileName: `${name}.tar`,
    content: () => archive(paths),
    warnings: () => [],
  };
}

async function* archive(paths: readonly string[]): Bytes & AsyncGenerator<Uint8Array, void, undefined> {
  const packing = pack();
  const filling = fill(packing, paths).then(
    () => packing.finalize(),
    (error: Error) => packing.destroy(error),
  );
  yield* packing as unknown as Bytes;
  await filling;
}

async function fill(packing: ReturnType<typeof pack>, paths: readonly string[]): Promise<void> {
  const seen = new Set<string>();
  for (const path of paths) {
    for await (const found of below(resolve(path))) {
      if (seen.has(found)) continue;
      seen.add(found);
      await add(packing, found);
    }
  }
}

async function* below(path: string): AsyncGenerator<string, void, undefined> {
  const status = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    throw new BackupError("failed", `${path} cannot be backed up (${error.code ?? "unknown error"}).`);
  });
  yield path;
  if (!status.isDirectory()) return;
  for (const name of (await readdir(path)).sort()) yield* below(join(path, name));
}

async function add(packing: ReturnType<typeof pack>, path: string): Promise<void> {
  const status = await lstat(path);
  const { mode, mtime, uid, gid, size } = status;
  const header = { name: path.slice(1), mode: mode & 0o7777, mtime, uid, gid };
  if (status.isDirectory()) packing.entry({ ...header, type: "directory" });
  else if (status.isSymbolicLink()) packing.entry({ ...header, type: "symlink", linkname: await readlink(path) });
  else if (status.isFile()) {
    // As long as its header says, even where it grows while it is read; one that shrinks makes pipeline fail.
    if (size === 0) packing.entry({ ...header, size }, "");
    else await pipeline(createReadStream(path, { end: size - 1 }), packing.entry({ ...header, size }));
  }
  // Sockets, pipes and devices hold nothing.
}

export interface ArchivedFile {
  /** Absolute, as it was. */
  readonly path: string;
  readonly type: "file" | "directory" | "symlink";
  readonly mode: number;
  readonly linkName: string | undefined;
  readonly content: Bytes;
}

/** Each is to be read before the next is asked for. @throws Error for what is no archive, or leads out of its root */
export async function* archivedFiles(archive: Bytes): AsyncGenerator<ArchivedFile, void, undefined> {
  const extracting = extract();
  const feeding = pipeline(archive, extracting as unknown as NodeJS.WritableStream);
  feeding.catch((error: Error) => extracting.destroy(error));
  for await (const entry of extracting) {
    const { name, type, mode = 0o600, linkname } = entry.header;
    if (name.split("/").includes("..")) throw new Error("it has a path that leads out of the archive");
    if (type !== "file" && type !== "directory" && type !== "symlink")
      throw new Error(`it has an entry of type ${type}`);
    yield {
      path: `/${name.replace(/\/$/, "")}`,
      type,
      mode: mode & 0o7777,
      linkName: linkname ?? undefined,
      content: entry as unknown as Readable,
    };
    entry.resume();
  }
  await feeding;
}

export async function inspectFiles(archive: Bytes): Promise<Contents> {
  const contents: Record<string, Tally> = {};
  for await (const { path, type, mode, linkName = "", content } of archivedFiles(archive)) {
    const hash = createHash("sha256").update(`${type} ${mode} ${linkName}\n`);
    let count = 0;
    for await (const chunk of content) {
      hash.update(chunk);
      count += chunk.length;
    }
    contents[path] = { count, digest: hash.digest("hex") };
  }
  return contents;
}

/** Files that are there as a whole or not at all, also after the power went away. */
import { randomUUID } from "node:crypto";
import { link, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Names that were made, renamed or removed in a folder are on the disk once this resolves. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface DurableFileOptions {
  /** 0o600 unless set. */
  readonly mode?: number;
  /** Fails with EEXIST in place of replacing one that is there. */
  readonly isNew?: boolean;
}

export async function writeDurably(
  path: string,
  content: string | Uint8Array,
  { mode = 0o600, isNew = false }: DurableFileOptions = {},
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(content);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    if (isNew) await link(temporary, path);
    else await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectory(folder);
}

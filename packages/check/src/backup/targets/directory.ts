/** A copy in another folder, which is a folder of backups itself: `verify`, `drill` and `restore` work on it. */
import { copyFile, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BackupError } from "../backup-error.ts";
import { BackupFolder } from "../backup-folder.ts";
import type { BackupTarget } from "../config.ts";
import { syncDirectory, writeDurably } from "../durable-file.ts";
import { OpenedBackup } from "../opened-backup.ts";
import { silent } from "../progress.ts";
import { expiredBackups } from "../retention.ts";
import type { FinishedBackup, TargetOptions } from "./target.ts";

export async function copyToDirectory(
  { name, path }: FinishedBackup,
  target: Extract<BackupTarget, { kind: "directory" }>,
  { keep }: TargetOptions,
): Promise<string> {
  const folder = new BackupFolder(target.path);
  const to = join(folder.path, name);
  try {
    await folder.prepare();
    await folder.removeLeftovers();
    const partial = `${to}.partial`;
    await mkdir(partial, { mode: 0o700 });
    for (const file of await readdir(path)) await copyDurably(join(path, file), join(partial, file));
    const { publicKey, ...copy } = await readBack(partial);
    if (copy.damage !== undefined) throw new Error(copy.damage);
    await writeDurably(folder.keyFiles.publicKey, publicKey, { mode: 0o644 });
    await rename(partial, to);
    await syncDirectory(folder.path);
    for (const each of keep === undefined ? [] : expiredBackups(await folder.backups(), keep))
      await folder.remove(each);
    return to;
  } catch (error) {
    // What cannot be removed now, the next run removes.
    await rm(`${to}.partial`, { recursive: true, force: true }).catch(() => undefined);
    const reason = (error as Error).message.replace(/\.$/, "");
    throw new BackupError(
      "failed",
      `${name} is whole in ${path}, but was not copied to ${resolve(target.path)}: ${reason}.`,
      {
        cause: error,
      },
    );
  }
}

async function readBack(path: string): Promise<{ readonly publicKey: string; readonly damage: string | undefined }> {
  const opened = await OpenedBackup.open(path, undefined);
  const [damage] = await opened.damages(silent);
  return { publicKey: opened.publicKey.pem, damage: damage?.message };
}

async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  const file = await open(to, "r+");
  try {
    await file.chmod(0o600);
    await file.sync();
  } finally {
    await file.close();
  }
}

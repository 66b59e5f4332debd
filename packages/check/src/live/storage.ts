/** How full the disks are on which the store and the backups lie. */
import { statfs } from "node:fs/promises";
import type { ObservedStorage } from "../observed/system.ts";
import type { StorageTarget } from "./targets.ts";

/** @throws the system's error */
export async function observeStorage({ name, path }: StorageTarget): Promise<ObservedStorage> {
  const { bavail, blocks, bsize } = await statfs(path);
  return { name, path, freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
}

/** What there is in a folder of backups, and what is known of each. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BackupFolder, folderBytes, manifestName } from "./backup-folder.ts";
import type { BackupsConfig } from "./config.ts";
import { type Manifest, parseManifest } from "./manifest.ts";
import type { Receipt } from "./receipt.ts";

export interface ListedBackup {
  readonly name: string;
  /** Milliseconds since 1970; undefined where its manifest cannot be read. */
  readonly time: number | undefined;
  readonly bytes: number;
  readonly parts: readonly string[];
  readonly warnings: readonly string[];
  /** Of the last verification and drill, by believable receipts. */
  readonly verified?: { readonly time: number; readonly isPassed: boolean };
  readonly drilled?: { readonly time: number; readonly isPassed: boolean };
}

export interface BackupList {
  /** The oldest first. */
  readonly backups: readonly ListedBackup[];
  /** What interrupted runs left; the next run removes it. */
  readonly leftovers: readonly string[];
  /** Receipts that cannot be believed, with why. */
  readonly problems: readonly string[];
}

/** @throws BackupError where the folder cannot be read */
export async function listBackups(config: Pick<BackupsConfig, "directory" | "signingKeyFile">): Promise<BackupList> {
  const folder = new BackupFolder(config.directory, config.signingKeyFile);
  const { receipts, problems } = await folder.readReceipts();
  const backups: ListedBackup[] = [];
  for (const name of await folder.backups()) {
    const path = join(folder.path, name);
    const manifest = await manifestOf(path);
    backups.push({
      name,
      time: manifest === undefined ? undefined : Date.parse(manifest.time),
      bytes: await folderBytes(path),
      parts: manifest?.parts.map((part) => part.name) ?? [],
      warnings: manifest?.parts.flatMap((part) => part.warnings.map((text) => `${part.name}: ${text}`)) ?? [
        `${manifestName} cannot be read`,
      ],
      ...lastOf(receipts, name, "verify", "verified"),
      ...lastOf(receipts, name, "drill", "drilled"),
    });
  }
  return { backups, leftovers: await folder.leftovers(), problems };
}

async function manifestOf(path: string): Promise<Manifest | undefined> {
  try {
    return parseManifest(await readFile(join(path, manifestName), "utf8"));
  } catch {
    return undefined;
  }
}

function lastOf<Key extends string>(receipts: readonly Receipt[], backup: string, kind: Receipt["kind"], key: Key) {
  const last = receipts.findLast((each) => each.kind === kind && each.backup === backup);
  if (last === undefined) return {};
  return { [key]: { time: Date.parse(last.time), isPassed: last.isPassed } };
}

/** What rules about backups are told of a folder of backups. */
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Unreadable } from "../engine/project.ts";
import type { BackupReceipts } from "../observed/backup-receipts.ts";
import { BackupFolder } from "./backup-folder.ts";
import type { BackupsConfig } from "./config.ts";

export interface BackupLook {
  readonly documents: BackupReceipts;
  /** Receipts whose signature is wrong, and the like. */
  readonly unreadable: readonly Unreadable[];
}

export type ObservedBackups = Pick<BackupsConfig, "directory"> &
  Partial<Pick<BackupsConfig, "signingKeyFile" | "maxAge" | "drillMaxAge" | "targets">>;

/**
 * @param dataPaths files and folders of what is backed up on this machine, such as the store's: their disk is compared
 * @throws BackupError where the folder cannot be read; one that is not there has no receipts
 */
export async function observeBackups(config: ObservedBackups, dataPaths: readonly string[] = []): Promise<BackupLook> {
  const { directory, maxAge, drillMaxAge, targets = [] } = config;
  const folder = new BackupFolder(directory, config.signingKeyFile);
  const { receipts, problems } = await folder.readReceipts();
  return {
    documents: {
      target: directory,
      receipts: receipts.map(({ kind, backup, time, isPassed, parts }) => {
        return { kind, backup, time: Date.parse(time), isPassed, parts: parts.map(({ name }) => name) };
      }),
      isOnSameDisk: targets.length === 0 && (await isOnDiskOf(folder.path, dataPaths)),
      ...(maxAge === undefined ? {} : { maxAgeMs: maxAge }),
      ...(drillMaxAge === undefined ? {} : { drillMaxAgeMs: drillMaxAge }),
    },
    unreadable: problems.map((message) => ({ subject: directory, message })),
  };
}

async function isOnDiskOf(folder: string, paths: readonly string[]): Promise<boolean> {
  const devices = await Promise.all([folder, ...paths.map((path) => resolve(path))].map(deviceOf));
  const [own, ...others] = devices;
  return own !== undefined && others.includes(own);
}

/** Of the path, or of the nearest folder above that is there. */
async function deviceOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).dev;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") return undefined;
    const above = dirname(path);
    return above === path ? undefined : deviceOf(above);
  }
}

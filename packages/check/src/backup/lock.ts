/** One run at a time in a folder of backups. The lock is the kernel's, on a file of SQLite's: it goes with its process, however that ends. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BackupError } from "./backup-error.ts";

/** @throws BackupError while another process has it */
export function lockFolder(directory: string): Disposable {
  const database = new DatabaseSync(join(directory, ".lock"), { timeout: 0 });
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    throw new BackupError("refused", `Another run is at work in ${directory}: wait until it has ended.`, {
      cause: error,
    });
  }
  return { [Symbol.dispose]: () => database.close() };
}

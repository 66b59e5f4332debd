/** Reads a whole backup: signature, every byte, every chunk of the encryption, and the structure of what is in it. */
import { BackupError, DamagedError } from "./backup-error.ts";
import type { Environment } from "./child-program.ts";
import { differences } from "./contents.ts";
import type { Unlocking } from "./encryption.ts";
import { OpenedBackup, type UnlockedBackup } from "./opened-backup.ts";
import { inspections } from "./part-table.ts";
import { privateFolder } from "./private-folder.ts";
import type { Progress } from "./progress.ts";
import type { PublicKey } from "./signing-key.ts";

export interface PartOutcome {
  readonly name: string;
  /** Sentences without a full stop. None: it passed. */
  readonly problems: readonly string[];
  /** Entries, rows or files; undefined where it could not be looked through. */
  readonly count?: number;
}

export interface Verification {
  readonly isPassed: boolean;
  /** Files that are not as they were written. Where there are any, parts were not looked through. */
  readonly damages: readonly DamagedError[];
  readonly parts: readonly PartOutcome[];
  /** Undefined where it could not be opened. */
  readonly opened: OpenedBackup | undefined;
}

export interface VerifyOptions {
  readonly unlocking: Unlocking;
  readonly publicKey: PublicKey | undefined;
  readonly environment: Environment;
  readonly progress: Progress;
}

/** @param path the folder of the backup. @throws BackupError where it cannot be opened with this passphrase or key */
export async function verifyBackup(path: string, options: VerifyOptions): Promise<Verification> {
  let opened: OpenedBackup | undefined;
  try {
    opened = await OpenedBackup.open(path, options.publicKey);
    const damages = await opened.damages(options.progress);
    if (damages.length > 0) return { isPassed: false, damages, parts: [], opened };
    const parts = await verifyParts(await opened.unlock(options.unlocking), options);
    return { isPassed: parts.every(({ problems }) => problems.length === 0), damages: [], parts, opened };
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error;
    return { isPassed: false, damages: [error], parts: [], opened };
  }
}

async function verifyParts(
  unlocked: UnlockedBackup,
  { environment, progress }: VerifyOptions,
): Promise<readonly PartOutcome[]> {
  await using folder = await privateFolder("verify");
  const outcomes: PartOutcome[] = [];
  for (const part of unlocked.backup.manifest.parts) {
    const step = progress.begin(part.name, part.plainBytes);
    try {
      const content = unlocked.content(part, (bytes) => step.advance(bytes));
      const found = await inspections[part.kind](content, { environment, workFolder: folder.path });
      const problems = differences(unlocked.expected(part).contents, found);
      outcomes.push({ name: part.name, problems, count: countOf(part.kind, found) });
    } catch (error) {
      if (error instanceof DamagedError) throw error;
      if (error instanceof BackupError && error.kind === "refused") throw error;
      outcomes.push({ name: part.name, problems: [(error as Error).message.replace(/\.$/, "")] });
    } finally {
      step.end();
    }
  }
  return outcomes;
}

/** Entries, rows, or files. */
export function countOf(kind: string, contents: Readonly<Record<string, { readonly count: number }>>): number {
  if (kind === "files") return Object.keys(contents).length;
  return Object.entries(contents)
    .filter(([name]) => !name.startsWith("("))
    .reduce((sum, [, { count }]) => sum + count, 0);
}

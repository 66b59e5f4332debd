/** Tries a restore: every part into a scratch server of its own kind, compared with what the backup held when it was made. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { BackupError } from "./backup-error.ts";
import type { Environment } from "./child-program.ts";
import type { BackupsConfig } from "./config.ts";
import { type Contents, differences } from "./contents.ts";
import type { ManifestPart, PartKind } from "./manifest.ts";
import type { UnlockedBackup } from "./opened-backup.ts";
import { inspections } from "./part-table.ts";
import { inspectFolder, writeFiles } from "./parts/files-folder.ts";
import { inspectLdap } from "./parts/ldap-part.ts";
import { inspectMariadbServer, restoreMariadb } from "./parts/mariadb-part.ts";
import type { Bytes, Surroundings } from "./parts/part.ts";
import { inspectPostgres, postgresPart, restorePostgres } from "./parts/postgres-part.ts";
import { tablesOf, writeDatabase } from "./parts/sqlite-part.ts";
import { privateFolder } from "./private-folder.ts";
import type { Progress } from "./progress.ts";
import { differentEntries } from "./scratch/different-entries.ts";
import { scratch389 } from "./scratch/scratch-389.ts";
import type { DirectoryToDrill, ScratchDirectory } from "./scratch/scratch-directory.ts";
import { scratchMariadb } from "./scratch/scratch-mariadb.ts";
import { scratchPostgres } from "./scratch/scratch-postgres.ts";
import { scratchSlapd } from "./scratch/scratch-slapd.ts";
import { countOf, type PartOutcome } from "./verify.ts";

export interface DrillOptions {
  readonly scratch: BackupsConfig["scratch"];
  readonly environment: Environment;
  readonly progress: Progress;
}

interface Drilled {
  readonly part: ManifestPart;
  readonly unlocked: UnlockedBackup;
  /** Anew each time. */
  readonly content: () => Bytes;
  readonly surroundings: Surroundings;
  readonly scratch: BackupsConfig["scratch"];
}

/** What a scratch server holds after the part was restored into it. */
interface Restored {
  readonly found: Contents;
  /** What else can be said where that is something else. */
  readonly details?: readonly string[];
}

/** By what a server says of itself. */
const scratchDirectories: Readonly<
  Record<string, (drill: DirectoryToDrill, surroundings: Surroundings) => Promise<ScratchDirectory>>
> = { OpenLDAP: scratchSlapd, 389: scratch389 };

const drills: Readonly<Record<PartKind, (drilled: Drilled) => Promise<Restored>>> = {
  files: async ({ part, unlocked, content, surroundings }) => {
    const folder = join(surroundings.workFolder, "files");
    await mkdir(folder);
    await writeFiles(content(), folder);
    return { found: await inspectFolder(folder, unlocked.expected(part).contents) };
  },
  sqlite: async ({ content, surroundings }) => {
    const path = join(surroundings.workFolder, "restored.sqlite");
    await writeDatabase(content(), path);
    return { found: await tablesOf(path) };
  },
  postgres: async ({ content, surroundings, scratch }) => {
    await using server = await scratchPostgres(scratch.postgres?.reveal(), surroundings);
    await restorePostgres(content(), server.database, surroundings, { isClean: false, keepsOwners: false });
    const dumped = postgresPart("drill", server.database, surroundings).content();
    return { found: await inspectPostgres(dumped, surroundings) };
  },
  mariadb: async ({ content, surroundings, scratch }) => {
    await using server = await scratchMariadb(scratch.mariadb?.reveal(), surroundings);
    await restoreMariadb(content(), server.database, surroundings);
    return { found: await inspectMariadbServer(server.database, surroundings) };
  },
  ldap: async ({ part, unlocked, content, surroundings }) => {
    const { baseDn = "", server = "unknown", plainBytes } = part;
    const scratchDirectory = Object.hasOwn(scratchDirectories, server) ? scratchDirectories[server] : undefined;
    if (scratchDirectory === undefined) {
      const known = "OpenLDAP and 389 Directory Server";
      throw new BackupError("failed", `${part.name} is of ${server}, and scratch servers are of ${known} alone`);
    }
    const schema = unlocked.content(unlocked.backup.part(part.name.replace(/^ldap:/, "ldap-schema:")));
    await using directory = await scratchDirectory({ baseDn, plainBytes, schema, entries: content }, surroundings);
    const found = await inspectLdap(directory.entries());
    if (differences(unlocked.expected(part).contents, found).length === 0) return { found };
    return {
      found,
      details: await differentEntries(
        () => unlocked.content(part),
        () => directory.entries(),
      ),
    };
  },
  // It is tried with the directory that it belongs to.
  "ldap-schema": async ({ content, surroundings }) => ({
    found: await inspections["ldap-schema"](content(), surroundings),
  }),
};

/** Every part is tried, also after one that failed. @throws BackupError where something that it needs is not installed */
export async function drillBackup(
  unlocked: UnlockedBackup,
  { scratch, environment, progress }: DrillOptions,
): Promise<readonly PartOutcome[]> {
  const outcomes: PartOutcome[] = [];
  for (const part of unlocked.backup.manifest.parts) {
    await using folder = await privateFolder("drill");
    const step = progress.begin(`${part.name}, restored`, part.plainBytes);
    try {
      const content = () => unlocked.content(part, (bytes) => step.advance(bytes));
      const surroundings = { environment, workFolder: folder.path };
      const { found, details = [] } = await drills[part.kind]({ part, unlocked, content, surroundings, scratch });
      const problems = [...differences(unlocked.expected(part).contents, found), ...details];
      outcomes.push({ name: part.name, problems, count: countOf(part.kind, found) });
    } catch (error) {
      if (error instanceof BackupError && error.kind === "refused") throw error;
      if (!(error instanceof Error)) throw error;
      outcomes.push({ name: part.name, problems: [error.message.replace(/\.$/, "")] });
    } finally {
      step.end();
    }
  }
  return outcomes;
}

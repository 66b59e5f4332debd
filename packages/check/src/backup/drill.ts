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
import { inspectMariadbServer, restoreMariadb } from "./parts/mariadb-part.ts";
import type { Bytes, Surroundings } from "./parts/part.ts";
import { inspectPostgres, postgresPart, restorePostgres } from "./parts/postgres-part.ts";
import { tablesOf, writeDatabase } from "./parts/sqlite-part.ts";
import { privateFolder } from "./private-folder.ts";
import type { Progress } from "./progress.ts";
import { scratchMariadb } from "./scratch/scratch-mariadb.ts";
import { scratchPostgres } from "./scratch/scratch-postgres.ts";
import { drillSlapd } from "./scratch/scratch-slapd.ts";
import { countOf, type PartOutcome } from "./verify.ts";

export interface DrillOptions {
  readonly scratch: BackupsConfig["scratch"];
  readonly environment: Environment;
  readonly progress: Progress;
}

interface Drilled {
  readonly part: ManifestPart;
  readonly unlocked: UnlockedBackup;
  readonly content: Bytes;
  readonly surroundings: Surroundings;
  readonly scratch: BackupsConfig["scratch"];
}

/** What a scratch server holds after the part was restored into it. */
const drills: Readonly<Record<PartKind, (drilled: Drilled) => Promise<Contents>>> = {
  files: async ({ part, unlocked, content, surroundings }) => {
    const folder = join(surroundings.workFolder, "files");
    await mkdir(folder);
    await writeFiles(content, folder);
    return inspectFolder(folder, unlocked.expected(part).contents);
  },
  sqlite: async ({ content, surroundings }) => {
    const path = join(surroundings.workFolder, "restored.sqlite");
    await writeDatabase(content, path);
    return tablesOf(path);
  },
  postgres: async ({ content, surroundings, scratch }) => {
    await using server = await scratchPostgres(scratch.postgres?.reveal(), surroundings);
    await restorePostgres(content, server.database, surroundings, { isClean: false, keepsOwners: false });
    return await inspectPostgres(postgresPart("drill", server.database, surroundings).content(), surroundings);
  },
  mariadb: async ({ content, surroundings, scratch }) => {
    await using server = await scratchMariadb(scratch.mariadb?.reveal(), surroundings);
    await restoreMariadb(content, server.database, surroundings);
    return await inspectMariadbServer(server.database, surroundings);
  },
  ldap: async ({ part, unlocked, content, surroundings }) => {
    const { baseDn = "", server, plainBytes } = part;
    if (server !== "OpenLDAP") {
      throw new BackupError("failed", `${part.name} is of ${server}, and scratch servers are OpenLDAP's alone`);
    }
    const schema = unlocked.content(unlocked.backup.part(part.name.replace(/^ldap:/, "ldap-schema:")));
    return drillSlapd({ baseDn, plainBytes, schema, entries: content }, surroundings);
  },
  // It is tried with the directory that it belongs to.
  "ldap-schema": ({ content, surroundings }) => inspections["ldap-schema"](content, surroundings),
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
      const content = unlocked.content(part, (bytes) => step.advance(bytes));
      const surroundings = { environment, workFolder: folder.path };
      const found = await drills[part.kind]({ part, unlocked, content, surroundings, scratch });
      const problems = differences(unlocked.expected(part).contents, found);
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

/** Puts one part of a backup back: where the configuration says, or where the user does; never over something without being told to. */
import { rename, rm, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BackupError } from "./backup-error.ts";
import type { Environment } from "./child-program.ts";
import { type Contents, differences } from "./contents.ts";
import { describeDatabase, parseDatabaseUrl, type ServerDatabase } from "./database-url.ts";
import { activeDirectory, baseOf, type OpenedNode, openCluster } from "./directory-connection.ts";
import { syncDirectory } from "./durable-file.ts";
import type { ManifestPart } from "./manifest.ts";
import type { UnlockedBackup } from "./opened-backup.ts";
import { inspectFolder, isFolderFree, writeFiles } from "./parts/files-folder.ts";
import { inspectMariadbServer, isMariadbEmpty, restoreMariadb } from "./parts/mariadb-part.ts";
import type { Bytes, Surroundings } from "./parts/part.ts";
import { inspectPostgres, isPostgresEmpty, postgresPart, restorePostgres } from "./parts/postgres-part.ts";
import { tablesOf, writeDatabase } from "./parts/sqlite-part.ts";
import { privateFolder } from "./private-folder.ts";
import type { Progress } from "./progress.ts";
import { isDirectoryFree, restoreDirectory } from "./restore-directory.ts";
import type { DirectorySource, PartSource } from "./source.ts";

export interface RestoreOptions {
  readonly unlocked: UnlockedBackup;
  /** `ldap:people` */
  readonly part: string;
  /** A folder, a database's URL, a cluster's name; where it came from unless set, but for files. */
  readonly to?: string | undefined;
  /** Of a database whose URL has none. */
  readonly password?: string | undefined;
  /** What the configuration names. */
  readonly sources: readonly PartSource[];
  readonly force: boolean;
  /** PostgreSQL: leaves out whose each table was, and who may use it. */
  readonly withoutOwners: boolean;
  readonly environment: Environment;
  readonly progress: Progress;
  /** Asks for the target's name, which must be typed. False: nothing is done. */
  readonly confirm: (target: TargetDescription) => Promise<boolean>;
}

export interface TargetDescription {
  /** What is to be typed: the database, the base DN, the folder or the file. */
  readonly name: string;
  readonly description: string;
  readonly isEmpty: boolean;
}

export interface Restored {
  readonly target: TargetDescription;
  /** What is not as in the backup. None: it was compared and is the same. */
  readonly problems: readonly string[];
  /** What could not be otherwise, and should be known. */
  readonly warnings: readonly string[];
}

type Written = Pick<Restored, "problems" | "warnings">;

interface Target {
  readonly name: string;
  readonly description: string;
  isEmpty(): Promise<boolean>;
  write(content: Bytes, expected: Contents): Promise<Written>;
  close?(): Promise<void>;
}

/** @throws BackupError, DamagedError before anything is written; what is thrown later leaves a mark, and it can be run again */
export async function restorePart(options: RestoreOptions): Promise<Restored> {
  const { unlocked, environment, progress } = options;
  const part = unlocked.backup.part(options.part);
  const damage = await unlocked.backup.damageOf(part.file);
  if (damage !== undefined) throw damage;
  await using folder = await privateFolder("restore");
  const target = await targetOf(part, options, { environment, workFolder: folder.path });
  try {
    const described = { name: target.name, description: target.description, isEmpty: await target.isEmpty() };
    if (!described.isEmpty && !options.force) {
      throw new BackupError(
        "refused",
        `${target.description} is not empty. To restore over what is there, say --force.`,
      );
    }
    if (!(await options.confirm(described))) {
      throw new BackupError("refused", `Nothing was done: the name of the target is ${target.name}.`);
    }
    const step = progress.begin(part.name, part.plainBytes);
    const content = unlocked.content(part, (bytes) => step.advance(bytes));
    const written = await target.write(content, unlocked.expected(part).contents);
    step.end();
    return { target: described, problems: written.problems, warnings: written.warnings };
  } finally {
    await target.close?.();
  }
}

async function targetOf(part: ManifestPart, options: RestoreOptions, surroundings: Surroundings): Promise<Target> {
  switch (part.kind) {
    case "files":
      return folderTarget(part, options);
    case "sqlite":
    case "postgres":
    case "mariadb":
      return databaseTarget(part, options, surroundings);
    case "ldap":
      return directoryTarget(part, options, surroundings);
    case "ldap-schema":
      throw new BackupError(
        "refused",
        `${part.name} is for drills: a server has its schema from its own configuration.`,
      );
  }
}

function compared(expected: Contents, found: Contents): Written {
  return { problems: differences(expected, found), warnings: [] };
}

function folderTarget(part: ManifestPart, { to, unlocked }: RestoreOptions): Target {
  if (to === undefined) {
    throw new BackupError(
      "refused",
      `Say with --to below which folder the files of ${part.name} are put; --to / puts them where they were.`,
    );
  }
  const folder = resolve(to);
  const { name: backup } = unlocked.backup;
  return {
    name: folder === "/" ? "/" : basename(folder),
    description: `the folder ${folder}`,
    isEmpty: () => isFolderFree(folder, backup, unlocked.expected(part).contents),
    write: async (content, expected) => {
      await writeFiles(content, folder, backup);
      return compared(expected, await inspectFolder(folder, expected));
    },
  };
}

function databaseTarget(part: ManifestPart, options: RestoreOptions, surroundings: Surroundings): Target {
  const configured = options.sources.find((source) => source.name === part.name);
  const url = options.to ?? (configured?.kind === "database" ? configured.url.reveal() : undefined);
  if (url === undefined) {
    throw new BackupError(
      "refused",
      `The configuration no longer names ${part.name}: say with --to where it is put, as an URL.`,
    );
  }
  const address = parseDatabaseUrl(url);
  if (address.dialect !== part.kind) {
    throw new BackupError(
      "refused",
      `${part.name} is a database of ${part.kind}, and the target is one of ${address.dialect}.`,
    );
  }
  if (address.dialect === "sqlite") return sqliteTarget(address.path);
  const database = { ...address, password: address.password ?? options.password };
  const described = { name: database.database, description: `the database ${describeDatabase(database)}` };
  return database.dialect === "postgres"
    ? postgresTarget(described, database, options, surroundings)
    : mariadbTarget(described, database, surroundings);
}

type Described = Pick<Target, "name" | "description">;

function postgresTarget(
  described: Described,
  database: ServerDatabase,
  options: RestoreOptions,
  surroundings: Surroundings,
): Target {
  return {
    ...described,
    isEmpty: () => isPostgresEmpty(database, surroundings),
    write: async (content, expected) => {
      const keepsOwners = !options.withoutOwners;
      await restorePostgres(content, database, surroundings, { isClean: options.force, keepsOwners });
      const dumped = postgresPart("restored", database, surroundings).content();
      return compared(expected, await inspectPostgres(dumped, surroundings));
    },
  };
}

function mariadbTarget(described: Described, database: ServerDatabase, surroundings: Surroundings): Target {
  return {
    ...described,
    isEmpty: () => isMariadbEmpty(database, surroundings),
    write: async (content, expected) => {
      await restoreMariadb(content, database, surroundings);
      return compared(expected, await inspectMariadbServer(database, surroundings));
    },
  };
}

/** Written beside it, and renamed when it is whole. */
function sqliteTarget(path: string): Target {
  const file = resolve(path);
  return {
    name: basename(file),
    description: `the database ${file}`,
    isEmpty: async () => (await sizeOf(file)) === 0,
    write: async (content, expected) => {
      if ((await sizeOf(file)) > 0) refuseWhileOpen(file);
      const partial = `${file}.espalier-partial`;
      await writeDatabase(content, partial);
      const written = compared(expected, tablesOf(partial));
      if (written.problems.length > 0) return written;
      // A journal of the old database would be played into the new one.
      for (const journal of ["-wal", "-shm", "-journal"]) await rm(`${file}${journal}`, { force: true });
      await rename(partial, file);
      await syncDirectory(dirname(file));
      return written;
    },
  };
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}

/** What another process has open would go on writing into a file that has no name any more. */
function refuseWhileOpen(file: string): void {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 0 });
    // Leaving the write-ahead log takes being the only one who has it open.
    database.exec("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE; ROLLBACK");
  } catch (error) {
    const isDamaged = /not a database|malformed/.test((error as Error).message);
    if (!isDamaged)
      throw new BackupError("refused", `${file} is in use: stop what has it open, and restore then.`, { cause: error });
  } finally {
    database?.close();
  }
}

async function directoryTarget(
  part: ManifestPart,
  options: RestoreOptions,
  surroundings: Surroundings,
): Promise<Target> {
  const wanted = `ldap:${options.to ?? part.name.replace(/^ldap:/, "")}`;
  const directories = options.sources.filter((source): source is DirectorySource => source.kind === "directory");
  const source = directories.find(({ name }) => name === wanted);
  if (source === undefined) {
    const names = directories.map(({ name }) => name.replace(/^ldap:/, "")).join(", ");
    const known = names === "" ? "it has no section clusters" : `it has ${names}`;
    throw new BackupError("refused", `The configuration has no cluster ${wanted.replace(/^ldap:/, "")}: ${known}.`);
  }
  const node: OpenedNode = await openCluster(source.cluster, source.login, "write");
  if (node.rootDse.server === activeDirectory) {
    await node[Symbol.asyncDispose]();
    throw new BackupError(
      "refused",
      `${node.url} is an Active Directory, which takes no SIDs, GUIDs and passwords over LDAP: restore its own backup ` +
        "(samba-tool domain backup restore, Windows Server Backup).",
    );
  }
  const baseDn = part.baseDn ?? baseOf(source.cluster, node.rootDse);
  const { name: backup } = options.unlocked.backup;
  return {
    name: baseDn,
    description: `${baseDn} on ${node.url}`,
    isEmpty: () => isDirectoryFree(node, baseDn, backup),
    write: (entries) => restoreDirectory({ node, baseDn, backup, entries, ...surroundings }),
    close: async () => node[Symbol.asyncDispose](),
  };
}

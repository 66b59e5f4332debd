/** An SQLite database: copied by its online backup interface while others write, and counted table by table. */
import { createReadStream } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { pipeline } from "node:stream/promises";
import { BackupError } from "../backup-error.ts";
import type { Contents } from "../contents.ts";
import { SetDigest, type Tally } from "../set-digest.ts";
import type { Bytes, PartToWrite, Surroundings } from "./part.ts";

/** More than a database can have (SQLite's limit is 2^32 - 2, its interface's a 32-bit number with a sign). */
const allPages = 2 ** 31 - 1;

export function sqlitePart(name: string, path: string, { workFolder }: Surroundings): PartToWrite {
  return {
    name,
    kind: "sqlite",
    source: path,
    fileName: `${name.replaceAll(":", "-")}.sqlite`,
    content: () => copy(path, join(workFolder, `${basename(path)}.copy`)),
    warnings: () => [],
  };
}

async function* copy(path: string, to: string): AsyncGenerator<Uint8Array, void, undefined> {
  await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new BackupError("failed", `The database ${path} cannot be read (${error.code ?? "unknown error"}).`);
  });
  const database = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
  try {
    // All pages in one step: in several, each write of another process would begin it anew.
    await backup(database, to, { rate: allPages });
  } catch (error) {
    throw new BackupError("failed", `The database ${path} could not be copied: ${(error as Error).message}.`);
  } finally {
    database.close();
  }
  try {
    yield* createReadStream(to, { highWaterMark: 256 * 1024 });
  } finally {
    await rm(to, { force: true });
  }
}

/** In one file without a journal beside it, on the disk when it resolves. */
export async function writeDatabase(content: Bytes, path: string): Promise<void> {
  const file = await open(path, "w", 0o600);
  await pipeline(content, file.createWriteStream({ flush: true }));
}

export async function inspectSqlite(content: Bytes, { workFolder }: Surroundings): Promise<Contents> {
  const path = join(workFolder, "inspected.sqlite");
  try {
    await writeDatabase(content, path);
    return tablesOf(path);
  } finally {
    await rm(path, { force: true });
  }
}

/** @throws Error where SQLite finds it damaged */
export function tablesOf(path: string): Contents {
  // As it lies there: without looking for a journal, and without making one.
  const database = new DatabaseSync(`file:${encodeURI(path).replaceAll("?", "%3F")}?immutable=1`, { readOnly: true });
  try {
    const problems = database.prepare("PRAGMA integrity_check(1)").all() as { integrity_check: string }[];
    if (problems[0]?.integrity_check !== "ok")
      throw new Error(`SQLite finds it damaged: ${problems[0]?.integrity_check}`);
    const tables = database
      .prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name",
      )
      .all() as { name: string }[];
    return Object.fromEntries(tables.map(({ name }) => [name, tallyOf(database, name)]));
  } finally {
    database.close();
  }
}

function tallyOf(database: DatabaseSync, table: string): Tally {
  const rows = database.prepare(`SELECT * FROM "${table.replaceAll('"', '""')}"`);
  rows.setReadBigInts(true);
  const digest = new SetDigest();
  for (const row of rows.iterate()) digest.add(Object.entries(row).map(encodeField).join("\n"));
  return digest.tally;
}

function encodeField([name, value]: readonly [string, unknown]): string {
  if (value instanceof Uint8Array) return `${name} blob ${Buffer.from(value).toString("hex")}`;
  return `${name} ${value === null ? "null" : typeof value} ${JSON.stringify(String(value))}`;
}

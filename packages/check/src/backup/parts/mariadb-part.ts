/** A MariaDB or MySQL database: mariadb-dump in one transaction, a row a line. */
import { Readable } from "node:stream";
import type { Environment } from "../child-program.ts";
import { findProgram, programPath, streamOf, textOf } from "../child-program.ts";
import type { Contents } from "../contents.ts";
import { describeDatabase, mariadbParameters, mariadbVariables, type ServerDatabase } from "../database-url.ts";
import { SetDigest } from "../set-digest.ts";
import { linesOf } from "./lines.ts";
import type { Bytes, PartToWrite, Surroundings } from "./part.ts";

const debianPackage = "mariadb-client";
const definitions = "(definitions)";

/**
 * A row a statement, so that rows can be told apart without reading SQL; in one transaction, so that restoring them is not slow for
 * that. Only InnoDB's tables are of one moment: others are locked by nothing.
 */
const dumpParameters = [
  "--single-transaction",
  "--quick",
  "--skip-extended-insert",
  "--no-autocommit",
  "--skip-lock-tables",
  "--complete-insert",
  "--hex-blob",
  "--routines",
  "--events",
  "--triggers",
  "--default-character-set=utf8mb4",
  "--skip-dump-date",
];

export function mariadbPart(name: string, database: ServerDatabase, surroundings: Surroundings): PartToWrite {
  return {
    name,
    kind: "mariadb",
    source: describeDatabase(database),
    fileName: `${name.replaceAll(":", "-")}.sql`,
    content: () => dump(database, surroundings),
    warnings: () => [],
  };
}

function dump(database: ServerDatabase, { environment }: Surroundings) {
  const parameters = [...mariadbParameters(database), ...dumpParameters, database.database];
  return streamOf(program("mariadb-dump", "mysqldump", environment), parameters, {
    environment,
    variables: mariadbVariables(database),
  });
}

export async function inspectMariadb(content: Bytes): Promise<Contents> {
  const tables = new Map<string, SetDigest>();
  const others = new SetDigest();
  let last = "";
  for await (const line of linesOf(content)) {
    const text = line.toString("latin1");
    if (text !== "") last = text;
    const table = /^INSERT INTO `((?:[^`]|``)+)` /.exec(text)?.[1];
    if (table !== undefined) {
      const rows = tables.get(table) ?? new SetDigest();
      tables.set(table, rows);
      rows.add(line);
    } else if (isDefinition(text)) others.add(text.replace(/ AUTO_INCREMENT=\d+/, ""));
  }
  if (!last.startsWith("-- Dump completed")) throw new Error("its end is missing");
  return Object.fromEntries([
    ...[...tables].map(([name, { tally }]) => [Buffer.from(name, "latin1").toString("utf8"), tally] as const),
    [definitions, others.tally],
  ]);
}

/** Not comments and settings, in which a later version of the programs differs. */
function isDefinition(line: string): boolean {
  return line !== "" && !/^(?:--|\/\*|set autocommit|commit;)/.test(line);
}

const marker = "espalier_restore_in_progress";

/** Into a database that is empty, or in which a restore was interrupted, or which may be replaced: tables of the dump are made anew. */
export async function restoreMariadb(
  content: Bytes,
  database: ServerDatabase,
  surroundings: Surroundings,
): Promise<void> {
  await mariadb(`CREATE TABLE IF NOT EXISTS ${marker} (backup int)`, database, surroundings);
  await mariadb(content, database, surroundings);
  await mariadb(`DROP TABLE ${marker}`, database, surroundings);
}

/** Without that a restore was begun there and not ended. */
export async function isMariadbEmpty(database: ServerDatabase, surroundings: Surroundings): Promise<boolean> {
  const names = (await mariadb("SHOW TABLES", database, surroundings)).split("\n").filter((name) => name !== "");
  return names.length === 0 || names.includes(marker);
}

/** Dumps it again, to be compared. */
export function inspectMariadbServer(database: ServerDatabase, surroundings: Surroundings): Promise<Contents> {
  return inspectMariadb(dump(database, surroundings));
}

export function mariadb(
  statements: string | Bytes,
  database: ServerDatabase,
  { environment }: Surroundings,
): Promise<string> {
  const parameters = ["--default-character-set=utf8mb4", "--batch", "--skip-column-names", "--binary-mode"];
  return textOf(
    program("mariadb", "mysql", environment),
    [...mariadbParameters(database), ...parameters, `--database=${database.database}`],
    {
      environment,
      variables: mariadbVariables(database),
      input: typeof statements === "string" ? Readable.from([Buffer.from(statements)]) : statements,
    },
  );
}

/** By MariaDB's name, else by MySQL's. */
function program(name: string, other: string, environment: Environment): string {
  return findProgram(name, environment) ?? programPath(other, debianPackage, environment);
}

/** A PostgreSQL database: pg_dump's custom format, which is a snapshot, and pg_restore, which reads it whole. */
import { Readable } from "node:stream";
import { programPath, streamOf, textOf } from "../child-program.ts";
import type { Contents } from "../contents.ts";
import { describeDatabase, postgresVariables, type ServerDatabase } from "../database-url.ts";
import { SetDigest, type Tally } from "../set-digest.ts";
import { linesOf } from "./lines.ts";
import type { Bytes, PartToWrite, Surroundings } from "./part.ts";

const debianPackage = "postgresql-client";
/** Statements of the dump that are no rows: tables, indexes, functions, the positions of sequences. */
const definitions = "(definitions)";

export function postgresPart(name: string, database: ServerDatabase, { environment }: Surroundings): PartToWrite {
  const pgDump = programPath("pg_dump", debianPackage, environment);
  return {
    name,
    kind: "postgres",
    source: describeDatabase(database),
    fileName: `${name.replaceAll(":", "-")}.pgdump`,
    content: () =>
      // It is compressed with everything else.
      streamOf(pgDump, ["--format=custom", "--compress=0", "--no-password"], {
        environment,
        variables: postgresVariables(database),
      }),
    warnings: () => [],
  };
}

/**
 * Reads the whole dump through pg_restore, as text: rows are the lines between `COPY … FROM stdin;` and `\.`. Who owns what is left
 * out, since a scratch server has other roles.
 */
export async function inspectPostgres(content: Bytes, { environment }: Surroundings): Promise<Contents> {
  const pgRestore = programPath("pg_restore", debianPackage, environment);
  const script = streamOf(pgRestore, ["--no-owner", "--no-privileges", "--file=-"], { environment, input: content });
  const tables = new Map<string, SetDigest>();
  const others = new SetDigest();
  let rows: SetDigest | undefined;
  for await (const line of linesOf(script)) {
    if (rows !== undefined) {
      if (line.equals(endOfRows)) rows = undefined;
      else rows.add(line);
      continue;
    }
    const text = line.toString("utf8");
    const table = /^COPY (\S+|"(?:[^"]|"")+"(?:\."(?:[^"]|"")+")?) \(.*\) FROM stdin;$/.exec(text)?.[1];
    if (table !== undefined) {
      rows = tables.get(table) ?? new SetDigest();
      tables.set(table, rows);
    } else if (isDefinition(text)) others.add(line);
  }
  const found: [string, Tally][] = [...tables].map(([name, { tally }]) => [name, tally]);
  return Object.fromEntries([...found, [definitions, others.tally]]);
}

const endOfRows = Buffer.from("\\.");

/** Not what a later version of the programs writes differently: comments, settings, and psql's own commands. */
function isDefinition(line: string): boolean {
  return line !== "" && !/^(?:--|SET |SELECT pg_catalog\.set_config|\\)/.test(line);
}

export interface PostgresRestore {
  /** Drops what the dump has before it makes it anew. */
  readonly isClean: boolean;
  /** Gives everything to the roles that had it, which must be there, with their privileges. */
  readonly keepsOwners: boolean;
}

/** Puts the dump into a database, as a whole or not at all. */
export async function restorePostgres(
  content: Bytes,
  database: ServerDatabase,
  { environment }: Surroundings,
  { isClean, keepsOwners }: PostgresRestore,
): Promise<void> {
  const parameters = [
    ...["--exit-on-error", "--single-transaction", "--no-password"],
    ...(isClean ? ["--clean", "--if-exists"] : []),
    ...(keepsOwners ? [] : ["--no-owner", "--no-privileges"]),
    // A name, which libpq would take for a connection string where it has a "=" in it.
    `--dbname=${database.database.includes("=") ? `dbname='${database.database.replaceAll(/['\\]/g, "\\$&")}'` : database.database}`,
  ];
  await textOf(programPath("pg_restore", debianPackage, environment), parameters, {
    environment,
    variables: postgresVariables(database),
    input: content,
  });
}

/** Whether there is no table, view or sequence of somebody's making. */
export async function isPostgresEmpty(database: ServerDatabase, surroundings: Surroundings): Promise<boolean> {
  const found = await psql(
    `SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
       AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')`,
    database,
    surroundings,
  );
  return found.trim() === "0";
}

/** Rows, one a line, columns parted by `|`. */
export function psql(statement: string, database: ServerDatabase, { environment }: Surroundings): Promise<string> {
  const options = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--no-password"];
  return textOf(programPath("psql", debianPackage, environment), [...options, "--file=-"], {
    environment,
    variables: postgresVariables(database),
    input: Readable.from([Buffer.from(statement)]),
  });
}

/**
 * The tables of the store, made and changed by SQL files that are applied once, in the order of their numbers, however many
 * nodes start at the same time. Each package has a folder of its own:
 *
 *     migrations/sqlite/0001-events.sql
 *     migrations/postgres/0001-events.sql
 */
import { readdirSync, readFileSync } from "node:fs";
import type { Driver, Session } from "./driver.ts";
import { StoreError } from "./error.ts";
import { type Database, sql } from "./statement.ts";

/** A package's migrations. */
export interface MigrationSet {
  /** Kept with what was applied, so it never changes: `service`, `notify`. */
  readonly name: string;
  /** Has the folders `sqlite` and `postgres`; ends with a slash. */
  readonly folder: URL;
}

interface Migration {
  readonly set: string;
  readonly number: number;
  readonly name: string;
  readonly script: string;
}

const fileName = /^(\d{4})-([a-z0-9-]+)\.sql$/;

/** @throws TypeError for a folder whose files are not numbered from 1 on */
function readMigrations({ name: set, folder }: MigrationSet, database: Database): readonly Migration[] {
  const directory = new URL(`${database}/`, folder);
  return readdirSync(directory)
    .sort()
    .map((file, index) => {
      const [, digits, name] = fileName.exec(file) ?? [];
      if (name === undefined || Number(digits) !== index + 1) {
        throw new TypeError(`${set}/${database}/${file} should be number ${index + 1}, as in 0001-name.sql`);
      }
      return { set, number: index + 1, name, script: readFileSync(new URL(file, directory), "utf8") };
    });
}

/** What both databases understand. */
const bookkeeping = `CREATE TABLE IF NOT EXISTS schema_migrations (
  package TEXT NOT NULL,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  applied_at BIGINT NOT NULL,
  PRIMARY KEY (package, number)
)`;

interface Applied {
  readonly package: string;
  readonly number: number;
  readonly name: string;
}

/**
 * Applies what is missing: all of it, or nothing.
 *
 * @param options.mayChange false: only look whether the tables are those that this version works with
 * @throws StoreError `ERR_STORE_SCHEMA` when the store is of another version, or a migration fails
 */
export async function migrate(
  driver: Driver,
  sets: readonly MigrationSet[],
  options: { readonly mayChange: boolean; readonly now?: () => number; readonly onApplied?: (what: string) => void },
): Promise<void> {
  const { mayChange, now = Date.now, onApplied = () => {} } = options;
  const known = sets.map((set) => ({ set, migrations: readMigrations(set, driver.database) }));
  await driver.exclusively(async (session) => {
    const applied = await readApplied(session, mayChange, driver.place);
    for (const { set, migrations } of known) {
      const done = applied.filter((each) => each.package === set.name);
      checkVersion(set, done, migrations, driver.place);
      const missing = migrations.slice(done.length);
      if (missing.length > 0 && !mayChange) {
        const lacks = `The store ${driver.place} lacks ${describe(missing[0]!)}`;
        throw new StoreError("ERR_STORE_SCHEMA", `${lacks}: start the services once with this version.`);
      }
      for (const migration of missing) {
        await apply(session, migration, now());
        onApplied(describe(migration));
      }
    }
  });
}

async function readApplied(session: Session, mayChange: boolean, place: string): Promise<readonly Applied[]> {
  try {
    if (mayChange) await session.script(bookkeeping);
    const { rows } = await session.query(
      sql`SELECT package, number, name FROM schema_migrations ORDER BY package, number`,
    );
    return rows as unknown as readonly Applied[];
  } catch (cause) {
    const advice = mayChange
      ? "its user must be allowed to create tables"
      : "it holds no tables yet, so start the services once";
    const { code, message } = cause as StoreError;
    if (code !== "ERR_STORE_QUERY") throw cause;
    throw new StoreError("ERR_STORE_SCHEMA", `The store ${place} cannot be used: ${advice} (${message}).`, { cause });
  }
}

function checkVersion(
  { name }: MigrationSet,
  applied: readonly Applied[],
  known: readonly Migration[],
  place: string,
): void {
  const newest = applied.at(-1);
  if (newest !== undefined && newest.number > known.length) {
    throw new StoreError(
      "ERR_STORE_SCHEMA",
      `The store ${place} was written by a newer version of Espalier: its tables of ${name} are at number ` +
        `${newest.number} (${newest.name}), this version knows ${known.length}. Run the newer version, or restore a ` +
        "backup from before the upgrade: there is no way back.",
    );
  }
  for (const [index, each] of applied.entries()) {
    const migration = known[index];
    if (migration?.number === each.number && migration.name === each.name) continue;
    throw new StoreError(
      "ERR_STORE_SCHEMA",
      `The store ${place} has had ${name}/${each.number} (${each.name}) applied, which this version does not have: it ` +
        "belongs to another edition of Espalier.",
    );
  }
}

async function apply(session: Session, migration: Migration, now: number): Promise<void> {
  const { set, number, name, script } = migration;
  try {
    await session.script(script);
    await session.query(
      sql`INSERT INTO schema_migrations (package, number, name, applied_at) VALUES (${set}, ${number}, ${name}, ${now})`,
    );
  } catch (cause) {
    const said = (cause as Error).message;
    throw new StoreError("ERR_STORE_SCHEMA", `${describe(migration)} could not be applied, nothing was: ${said}`, {
      cause,
    });
  }
}

function describe({ set, number, name }: Migration): string {
  return `migration ${set}/${String(number).padStart(4, "0")}-${name}`;
}

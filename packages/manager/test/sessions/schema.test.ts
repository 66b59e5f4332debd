import { sql } from "@espalier/service";
import { succeed } from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { sessionMigrations } from "../../src/sessions/migrations.ts";
import { forEachDatabase, openTestStore } from "../entries/databases.ts";

const tables = [
  ...["manager_connections", "manager_recovery_codes", "manager_second_factors", "manager_sessions"],
  "manager_shared_passwords",
];

/** Run with `-u` to write the files anew, so that a change of the tables is seen in the diff. */
forEachDatabase((databases) => {
  it(`the tables of sessions are those of schema/sessions.${databases.kind}.sql`, async () => {
    const url = await databases.create();
    const store = await openTestStore(url, sessionMigrations);
    const text = databases.kind === "postgres" ? await dumpPostgres(url) : await dumpSqlite();
    await expect(text).toMatchFileSnapshot(`../../schema/sessions.${databases.kind}.sql`);

    async function dumpSqlite(): Promise<string> {
      const rows = await store.all<{ readonly sql: string; readonly tbl_name: string }>(
        sql`SELECT sql, tbl_name FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY tbl_name, type DESC, name`,
      );
      const own = rows.filter(({ tbl_name: name }) => tables.includes(name));
      return own.map((row) => `${row.sql};\n`).join("\n");
    }
  });
});

/** Without what says which program wrote it, and the settings of the session. */
async function dumpPostgres(url: string): Promise<string> {
  const only = tables.map((table) => `--table=${table}`);
  const dump = await succeed("pg_dump", ["--schema-only", "--no-owner", "--no-privileges", ...only, `--dbname=${url}`]);
  const lines = dump.split("\n").filter((line) => !/^(--|SET |SELECT pg_catalog\.set_config|\\)/.test(line));
  return `${lines
    .join("\n")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim()}\n`;
}

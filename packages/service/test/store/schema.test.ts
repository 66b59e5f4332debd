import { succeed } from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { sql } from "../../src/index.ts";
import { forEachDatabase, openTestStore } from "./databases.ts";

/** Run with `-u` to write the files anew, so that a change of the tables is seen in the diff. */
forEachDatabase((databases) => {
  it(`the tables of the store are those of schema/${databases.kind}.sql`, async () => {
    const url = await databases.create();
    const store = await openTestStore(url);
    const text = databases.kind === "postgres" ? await dumpPostgres(url) : await dumpSqlite();
    await expect(text).toMatchFileSnapshot(`../../schema/${databases.kind}.sql`);

    async function dumpSqlite(): Promise<string> {
      const rows = await store.all<{ readonly sql: string }>(
        sql`SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE ${"sqlite_%"} ORDER BY tbl_name, type DESC, name`,
      );
      return rows.map((row) => `${row.sql};\n`).join("\n");
    }
  });
});

/** Without what says which program wrote it, and the settings of the session. */
async function dumpPostgres(url: string): Promise<string> {
  const dump = await succeed("pg_dump", ["--schema-only", "--no-owner", "--no-privileges", `--dbname=${url}`]);
  const lines = dump.split("\n").filter((line) => !/^(--|SET |SELECT pg_catalog\.set_config|\\)/.test(line));
  return `${lines
    .join("\n")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim()}\n`;
}

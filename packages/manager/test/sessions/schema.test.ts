import { dumpTables, forEachDatabase } from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { sessionMigrations } from "../../src/sessions/migrations.ts";
import { openTestStore } from "../entries/databases.ts";

const tables = [
  ...["manager_connections", "manager_recovery_codes", "manager_second_factors", "manager_sessions"],
  "manager_shared_passwords",
];

/** Run with `-u` to write the files anew, so that a change of the tables is seen in the diff. */
forEachDatabase((databases) => {
  it(`the tables of sessions are those of schema/sessions.${databases.kind}.sql`, async () => {
    const url = await databases.create();
    await openTestStore(url, sessionMigrations);
    await expect(await dumpTables(url, tables)).toMatchFileSnapshot(`../../schema/sessions.${databases.kind}.sql`);
  });
});

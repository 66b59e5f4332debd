import { dumpTables, forEachDatabase } from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { openTestStore } from "./databases.ts";

/** Run with `-u` to write the files anew, so that a change of the tables is seen in the diff. */
forEachDatabase((databases) => {
  it(`the tables of the store are those of schema/${databases.kind}.sql`, async () => {
    const url = await databases.create();
    await openTestStore(url);
    await expect(await dumpTables(url)).toMatchFileSnapshot(`../../schema/${databases.kind}.sql`);
  });
});

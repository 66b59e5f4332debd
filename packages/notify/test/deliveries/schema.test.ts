import { dumpTables, forEachDatabase } from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { openTestStore } from "./databases.ts";

const tables = [
  ...["channel_states", "deliveries", "delivery_events", "delivery_failures", "escalations", "incidents"],
  ...["route_dedupe", "routing"],
];

/** Run with `-u` to write the files anew, so that a change of the tables is seen in the diff. */
forEachDatabase((databases) => {
  it(`the tables of deliveries are those of schema/deliveries.${databases.kind}.sql`, async () => {
    const url = await databases.create();
    await openTestStore(url);
    await expect(await dumpTables(url, tables)).toMatchFileSnapshot(`../../schema/deliveries.${databases.kind}.sql`);
  });
});

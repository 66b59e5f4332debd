/** A process that holds a transaction which has locked the event log, for as long as it lives. */
import { eventMigrations } from "../../src/events/event-log.ts";
import { createLog } from "../../src/log/logger.ts";
import { sql } from "../../src/store/statement.ts";
import { openStore } from "../../src/store/store.ts";

const [url = ""] = process.argv.slice(2);
const logger = createLog({ destination: () => undefined }).logger("freezer");
const store = await openStore({ url, migrations: [eventMigrations], logger });
await store.write(async (transaction) => {
  await transaction.run(sql`UPDATE event_head SET position = position`);
  process.stdout.write("locked\n");
  setInterval(() => undefined, 60_000);
  await new Promise(() => undefined);
});

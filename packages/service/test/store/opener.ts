/** A process that opens the store, as one of many that start at the same time, and prints which migrations it applied. */
import { eventMigrations } from "../../src/events/event-log.ts";
import { createLog } from "../../src/log/logger.ts";
import { openStore } from "../../src/store/store.ts";

const [url = ""] = process.argv.slice(2);
const applied: string[] = [];
const destination = (line: string) => {
  applied.push((JSON.parse(line) as { message: string }).message);
};
const logger = createLog({ destination }).logger("opener");
const store = await openStore({ url, migrations: [eventMigrations], logger });
await store.close();
process.stdout.write(`${JSON.stringify(applied)}\n`);

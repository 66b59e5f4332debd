/** A process that adds audit events as fast as it can and prints the number of each once it is acknowledged: to be killed. */
import { createLog, EventLog, eventMigrations, openStore } from "../../src/index.ts";

const [url = "", name = "", writers = "8"] = process.argv.slice(2);
const logger = createLog({ destination: () => undefined }).logger("writer");
const store = await openStore({ url, migrations: [eventMigrations], logger });
const log = new EventLog({ store, logger, dedupeWindowMs: 1_000 });
process.stdout.write("ready\n");

let count = 0;
async function write(): Promise<never> {
  for (;;) {
    count += 1;
    const subject = `${name}-${count}`;
    await log.append({ type: "entry.modified", severity: "info", subject, source: "manager", audit: true });
    process.stdout.write(`${subject}\n`);
  }
}
await Promise.all(Array.from({ length: Number(writers) }, write));

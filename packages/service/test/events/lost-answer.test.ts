/** What becomes of an event when the connection breaks between the commit and its acknowledgement. */
import { type AddressInfo, connect, createServer } from "node:net";
import { postgresDatabases, requirePrograms, until } from "@espalier/tests/lab";
import { expect, it, onTestFinished } from "vitest";
import { type NewEvent, sql } from "../../src/index.ts";
import { createEventLog, openTestStore, recordingLogger } from "../store/databases.ts";

const event: NewEvent = { type: "a.b", severity: "info", subject: "s", source: "test", audit: true };

/** Lets everything through, but for the server's answer to the next COMMIT: that breaks the connection. */
async function startRelay(serverPort: number) {
  const relay = { isArmed: false, lost: 0 };
  const server = createServer((client) => {
    const upstream = connect(serverPort, "127.0.0.1");
    let isDoomed = false;
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    client.on("data", (bytes) => {
      if (relay.isArmed && bytes.includes("COMMIT")) {
        relay.isArmed = false;
        isDoomed = true;
      }
      upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      if (!isDoomed) return client.write(bytes);
      if (!bytes.includes("COMMIT")) return true;
      relay.lost += 1;
      return end();
    });
    for (const socket of [client, upstream]) socket.on("error", end).on("close", end);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { relay, port: (server.address() as AddressInfo).port };
}

requirePrograms({ postgres: "postgresql-15", initdb: "postgresql-15", psql: "postgresql-15" })(
  "when the answer to a commit is lost",
  () => {
    const databases = postgresDatabases();

    async function open() {
      const url = await databases.create();
      const { relay, port } = await startRelay(databases.server.port);
      const { logger, lines } = recordingLogger();
      const store = await openTestStore(url.replace(`:${databases.server.port}/`, `:${port}/`));
      return { relay, store, lines, log: createEventLog(store, { logger }) };
    }

    it("an emitted event is stored once, and not logged as lost", async () => {
      const { relay, log, store, lines } = await open();
      relay.isArmed = true;
      log.emit(event);
      await until("the loss", () => relay.lost === 1);
      await log.close();
      expect(await store.all(sql`SELECT count(*) AS events FROM events`)).toEqual([{ events: 1 }]);
      expect(await log.verifyChain()).toMatchObject({ isWhole: true, links: 1 });
      expect(lines).toEqual([]);
    });

    it("who appended it is told that the store was away", async () => {
      const { relay, log } = await open();
      relay.isArmed = true;
      await expect(log.append(event)).rejects.toMatchObject({ code: "ERR_STORE_UNAVAILABLE" });
      expect((await log.query({})).events).toHaveLength(1);
    });
  },
);

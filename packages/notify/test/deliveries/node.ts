/** A node that routes and delivers until it is killed: its channel posts each message to the test. */
import { Agent, request } from "node:http";
import { createLog, createMetrics, EventLog, eventMigrations, openStore } from "@espalier/service";
import type { Channel, SendOutcome } from "../../src/channels/channel.ts";
import type { Message } from "../../src/channels/message.ts";
import { deliveriesConfig } from "../../src/deliveries/config.ts";
import { notifyMigrations } from "../../src/deliveries/migrations.ts";
import { DeliveryWorkers } from "../../src/deliveries/workers.ts";
import { routesConfig } from "../../src/routes/config.ts";
import { Router } from "../../src/routes/router.ts";

const [url = "", port = "", name = "", concurrency = "8", lease = "1s"] = process.argv.slice(2);
const logger = createLog({ destination: 2, level: "error" }).logger("node");
const store = await openStore({ url, migrations: [eventMigrations, notifyMigrations], logger });
const log = new EventLog({ store, logger, dedupeWindowMs: 1_000 });
const metrics = createMetrics();
const agent = new Agent({ keepAlive: true });

function post(message: Message, signal: AbortSignal): Promise<SendOutcome> {
  const { promise, resolve } = Promise.withResolvers<SendOutcome>();
  const body = JSON.stringify({ ...message, node: name });
  const retry = (reason: string) => resolve({ status: "retry", reason });
  const sending = request({ host: "127.0.0.1", port: Number(port), method: "POST", agent, signal }, (response) => {
    response.resume();
    response.on("error", () => undefined);
    if (response.statusCode === 200) resolve({ status: "delivered" });
    else retry(`${response.statusCode}`);
  });
  sending.on("error", (error) => retry(error.message));
  sending.end(body);
  return promise;
}

const channel: Channel = {
  ...{ name: "test", kind: "webhook", concurrency: Number(concurrency) },
  send: post,
  close: async () => agent.destroy(),
};
const config = deliveriesConfig.parse({ lease, retries: ["0s", ...Array<string>(49).fill("100ms")] });
const surroundings = { store, log, logger, metrics };
const router = new Router({
  ...surroundings,
  routes: routesConfig.parse([{ channels: ["test"] }]),
  channels: [channel.name],
  firstWaitMs: 0,
});
const workers = new DeliveryWorkers({ ...surroundings, channels: [channel], config });
router.start();
workers.start();
process.stdout.write("ready\n");

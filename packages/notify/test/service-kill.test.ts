/**
 * The service is killed at random moments while webhooks come in and go out through a channel that fails often. Everything that
 * it said 202 to arrives; nothing that it refused does; and what arrives twice was on its way when it was killed.
 *
 * A few hundred webhooks and three kills by default. The whole of it, 10,000 and 20 on each database, takes minutes:
 *
 *     ESPALIER_WEBHOOKS=10000 ESPALIER_KILLS=20 npm test -- packages/notify/test/service-kill.test.ts
 */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import {
  type ChildServer,
  forEachDatabase,
  freePort,
  Random,
  runEspalier,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { expect, it } from "vitest";

const webhooks = Number(process.env.ESPALIER_WEBHOOKS ?? 400);
const kills = Number(process.env.ESPALIER_KILLS ?? 3);
const secret = "a secret of some length";
const senders = 16;
/** Of the channel: as many can be on their way when the service is killed. */
const concurrency = 8;

/** Takes most messages, and counts how often each; answers some with 500 and some not at all. */
async function startFlakyReceiver(random: Random) {
  const taken = new Map<number, number>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const luck = random.fraction();
      if (luck < 0.1) return request.socket.destroy();
      if (luck < 0.3) return response.writeHead(500).end();
      const [, number] =
        /"n":(\d+)/.exec((JSON.parse(Buffer.concat(chunks).toString()) as { text: string }).text) ?? [];
      taken.set(Number(number), (taken.get(Number(number)) ?? 0) + 1);
      return response.writeHead(204).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    taken,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Sends it again until it is accepted, as senders do. A lie is not. */
async function deliver(url: string, number: number, isLie: boolean): Promise<void> {
  const body = JSON.stringify({ n: number });
  const signature = createHmac("sha256", isLie ? "not the secret at all" : secret)
    .update(body)
    .digest("hex");
  const headers = { "content-type": "application/json", "x-hub-signature-256": `sha256=${signature}` };
  for (;;) {
    const response = await fetch(url, { method: "POST", body, headers }).catch(() => undefined);
    await response?.arrayBuffer().catch(() => undefined);
    if (response?.status === 202 || response?.status === 200 || (isLie && response?.status === 401)) return;
    await delay(20);
  }
}

forEachDatabase((databases) => {
  it(`${webhooks} webhooks and ${kills} kills: all that was accepted arrives`, { timeout: 1_800_000 }, async () => {
    const random = new Random(7);
    const storeUrl = await databases.create();
    await using directory = await temporaryDirectory("kill");
    using receiver = await startFlakyReceiver(random);
    const port = await freePort();
    const unlimited = { average: 10_000_000, burst: 10_000_000, ceiling: 10_000_000 };
    const configuration = {
      store: { url: storeUrl },
      metrics: { listen: "off" },
      log: { level: "error" },
      notify: {
        listen: `127.0.0.1:${port}`,
        canary: "off",
        outbound: { allow: ["127.0.0.0/8"] },
        sources: { generic: { secrets: [secret], limit: unlimited, dedupe: "24h" } },
        channels: { flaky: { kind: "http", url: receiver.url, json: { text: "{{text}}" }, concurrency } },
        deliveries: { lease: "5s", retries: ["0s", ...Array<string>(49).fill("100ms")] },
      },
    };
    await writeFile(directory.file("espalier.yaml"), JSON.stringify(configuration));
    const url = `http://127.0.0.1:${port}/hooks/generic`;
    const start = () => runEspalier(["notify"], {}, directory);

    let service: ChildServer = start();
    try {
      let next = 0;
      const numbers = webhooks + senders;
      const send = async () => {
        // Every twentieth is a lie, with a number of its own.
        for (let number = next++; number < numbers; number = next++) await deliver(url, number, number % 20 === 19);
      };
      const sending = Promise.all(Array.from({ length: senders }, send));
      for (let kill = 0; kill < kills; kill += 1) {
        // Spread over the whole of the work, at a moment of its own within each part.
        const at = ((kill + random.fraction()) / kills) * numbers;
        await until("the moment", () => next >= at, { timeoutMs: 1_200_000, intervalMs: 1 });
        await delay(random.fraction() * 50);
        await service.kill();
        service = start();
      }
      await sending;
      const accepted = Array.from({ length: numbers }, (_, number) => number).filter((number) => number % 20 !== 19);
      await until("everything to arrive", () => receiver.taken.size >= accepted.length, { timeoutMs: 600_000 });
      // Whatever else might come would come within a lease.
      await delay(6_000);
      expect([...receiver.taken.keys()].toSorted((one, other) => one - other)).toEqual(accepted);
      const again = [...receiver.taken.values()].reduce((sum, count) => sum + count - 1, 0);
      expect(again).toBeLessThanOrEqual(kills * concurrency);
      process.stdout.write(
        `${databases.kind}: ${accepted.length} accepted and delivered, ${again} of them again after ${kills} kills\n`,
      );
    } finally {
      await service.kill();
    }
  });
});

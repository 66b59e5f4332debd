/** The whole service in this process, on a free port, with a channel that is a server of the test's own. */

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createHealth, createLog, createMetrics, openEventStore, storeSection } from "@espalier/service";
import { onTestFinished } from "vitest";
import type { z } from "zod";
import { type NotifyConfig, notifySection } from "../src/config.ts";
import { NotifyService } from "../src/service.ts";
import { notifyStoreMigrations } from "../src/store-migrations.ts";

export type WrittenConfig = z.input<typeof notifySection.schema>;

export function notifyConfig(written: WrittenConfig): NotifyConfig {
  return notifySection.schema.parse({ listen: "127.0.0.1:0", ...written });
}

/** A webhook's receiver that keeps what it is sent. */
export class Receiver {
  readonly bodies: Record<string, unknown>[] = [];
  status = 204;
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/in`;
  }

  get titles(): unknown[] {
    return this.bodies.map(({ title }) => title);
  }
}

export async function startReceiver(): Promise<Receiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (receiver.status === 204)
        receiver.bodies.push(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>);
      response.writeHead(receiver.status).end();
    });
  });
  const receiver = new Receiver(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return receiver;
}

export interface RunningService {
  readonly service: NotifyService;
  readonly url: string;
  /** Lines of the log. */
  readonly lines: string[];
  metrics(): Promise<string>;
  /** Ends it, and the store. */
  end(signal?: AbortSignal): Promise<void>;
}

export async function startService(storeUrl: string, config: NotifyConfig): Promise<RunningService> {
  const lines: string[] = [];
  const log = createLog({ destination: (line) => void lines.push(line) });
  const [metrics, health] = [createMetrics(), createHealth({ version: "1.2.3" })];
  const store = await openEventStore({
    config: storeSection.schema.parse({ url: storeUrl }),
    migrations: notifyStoreMigrations,
    logger: log.logger("store"),
    metrics,
    health,
  });
  const service = new NotifyService({
    config,
    openStore: async () => store,
    log: log.logger("notify"),
    health,
    metrics,
  });
  let ending: Promise<void> | undefined;
  const end = (signal = new AbortController().signal) => {
    ending ??= (async () => {
      await service.drain(signal);
      await store.close(signal);
    })();
    return ending;
  };
  onTestFinished(() => end());
  await service.start(new AbortController().signal);
  health.setReady();
  const { address } = service;
  return { service, lines, url: `http://127.0.0.1:${address?.port}`, metrics: () => metrics.text(), end };
}

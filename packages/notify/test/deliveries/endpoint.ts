/** The HTTP server that the channels of test nodes post to: it remembers what came, and may fail now and then. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { onTestFinished } from "vitest";

export interface Receipt {
  readonly deliveryId: string;
  readonly attempt: number;
  readonly node: string;
  readonly eventIds: readonly string[];
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Whether it was told that it had arrived. */
  readonly isAccepted: boolean;
}

export interface EndpointOptions {
  /** From 0 up to but not including 1: the share of messages that are refused or whose connection is cut. */
  readonly failures?: number;
  readonly delayMs?: number;
}

export interface Endpoint {
  readonly port: number;
  readonly receipts: readonly Receipt[];
  /** Deliveries that were accepted. */
  readonly accepted: ReadonlySet<string>;
  /** How many messages of a node have come and are not answered yet. */
  underWay(node: string): number;
}

export async function startEndpoint({ failures = 0, delayMs = 0 }: EndpointOptions = {}): Promise<Endpoint> {
  const receipts: Receipt[] = [];
  const accepted = new Set<string>();
  const underWay = new Map<string, number>();
  const count = (node: string, change: 1 | -1) => underWay.set(node, (underWay.get(node) ?? 0) + change);
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      // Killed in the midst of it: nothing came.
      return;
    }
    const { deliveryId, attempt, node, events } = JSON.parse(Buffer.concat(chunks).toString());
    count(node, 1);
    if (delayMs > 0) await delay(delayMs);
    count(node, -1);
    const chance = Math.random();
    const isAccepted = chance >= failures;
    const eventIds = (events as { id: string }[]).map(({ id }) => id);
    receipts.push({ deliveryId, attempt, node, eventIds, at: Date.now(), isAccepted });
    if (isAccepted) {
      accepted.add(deliveryId);
      response.end();
    } else if (chance < failures / 2) {
      request.socket.destroy();
    } else {
      response.writeHead(503).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    receipts,
    accepted,
    underWay: (node) => underWay.get(node) ?? 0,
  };
}

/** A server of the notification protocol, whose person is the test. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "../../../../tests/lab/until.ts";

export interface OpenRequest {
  readonly body: Readonly<Record<string, unknown>>;
  answer(status: number, body: unknown): void;
  /** Cuts the connection without an answer. */
  cut(): void;
}

export class ApprovalServer implements AsyncDisposable {
  readonly requests: OpenRequest[] = [];
  readonly #server = createServer((request, response) => void this.#take(request, response));

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/send-notification`;
  }

  /** The request with this number, once it is there. */
  async request(index: number): Promise<OpenRequest> {
    await until(`request ${index} to arrive`, () => this.requests.length > index);
    return this.requests[index]!;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    this.requests.push({
      body: JSON.parse(Buffer.concat(chunks).toString("utf8")),
      answer: (status, body) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(typeof body === "string" ? body : JSON.stringify(body));
      },
      cut: () => response.destroy(),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

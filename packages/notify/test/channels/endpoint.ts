/** A real HTTP server that keeps what it is asked and answers what it is told. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { createLog } from "@espalier/service";
import type { ServerCertificate } from "@espalier/tests/lab";
import type { ChannelSurroundings } from "../../src/channels/surroundings.ts";
import { AddressPolicy } from "../../src/outbound/address-policy.ts";

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

export interface EndpointAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Endpoint extends AsyncDisposable {
  readonly origin: string;
  readonly port: number;
  readonly requests: ReceivedRequest[];
  /** How many connections were made to it. */
  readonly connections: number;
  /** Given to each request from now on; `hold` answers none. */
  answer: EndpointAnswer | "hold" | ((request: ReceivedRequest) => EndpointAnswer);
}

export async function startEndpoint(certificate?: ServerCertificate): Promise<Endpoint> {
  const requests: ReceivedRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const { method = "", url = "", headers } = request;
      const received = { method, path: url, headers, body, text: body.toString("utf8") };
      requests.push(received);
      const { answer } = endpoint;
      if (answer === "hold") return;
      const {
        status = 200,
        headers: answered = {},
        body: text = "",
      } = answer instanceof Function ? answer(received) : answer;
      response.writeHead(status, answered).end(text);
    });
  };
  const server =
    certificate === undefined
      ? createServer(listener)
      : createSecureServer(
          { cert: readFileSync(certificate.certificate), key: readFileSync(certificate.privateKey) },
          listener,
        );
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const endpoint: Endpoint = {
    origin: `${certificate === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    requests,
    get connections() {
      return connections;
    },
    answer: {},
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return endpoint;
}

/** Of a channel that may reach this machine. */
export function surroundings(changes: Partial<ChannelSurroundings> = {}): ChannelSurroundings {
  return {
    name: "test",
    outbound: new AddressPolicy(["127.0.0.0/8"]),
    logger: createLog({ destination: () => undefined }).logger("notify"),
    ...changes,
  };
}

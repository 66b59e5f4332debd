/** A TCP relay in front of a server, to cut connections and to see how many there were. */
import { connect, type Socket } from "node:net";
import { startTcpServer, type TcpServer } from "./tcp-server.ts";

export interface Relay extends TcpServer {
  readonly connectionCount: number;
  /** Ends every connection at once, with a reset. */
  cut(): void;
}

export async function startRelay(targetPort: number): Promise<Relay> {
  const clients = new Set<Socket>();
  let connectionCount = 0;
  const server = await startTcpServer((client) => {
    connectionCount += 1;
    clients.add(client);
    const upstream = connect(targetPort, "127.0.0.1");
    upstream.on("error", () => {}).on("close", () => client.destroy());
    client.on("close", () => {
      clients.delete(client);
      upstream.destroy();
    });
    client.pipe(upstream).pipe(client);
  });
  return {
    url: server.url,
    get connectionCount() {
      return connectionCount;
    },
    cut() {
      for (const client of clients) client.resetAndDestroy();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

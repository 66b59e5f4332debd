/** Free TCP ports of the loopback interface, for servers that cannot choose one themselves. */
import { once } from "node:events";
import { connect, createServer } from "node:net";

/** Ports given out by this process: the kernel may offer one again before its server listens. */
const taken = new Set<number>();

/** A port of `host` on which nothing listens. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, host);
    await once(server, "listening");
    const address = server.address();
    server.close();
    await once(server, "close");
    if (address === null || typeof address === "string" || taken.has(address.port)) continue;
    taken.add(address.port);
    return address.port;
  }
}

/** True where something takes a connection to the port of a loopback address. */
export async function accepts(port: number, host = "127.0.0.1"): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

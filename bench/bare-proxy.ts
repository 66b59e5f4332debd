/**
 * The least a proxy on this runtime can do: bytes of a client to a TLS connection of its own and back, never looked at. What it
 * reaches under a load is what any code on this machine could reach with one thread of Node and its sockets.
 */
import { readFileSync } from "node:fs";
import { createServer, type OnReadOpts, type Socket } from "node:net";
import { type ConnectionOptions, connect, createSecureContext } from "node:tls";

const [port = "", authority = ""] = process.argv.slice(2);
const secureContext = createSecureContext({ ca: readFileSync(authority) });
const received = Buffer.allocUnsafeSlow(64 * 1024);

function relay(client: Socket): void {
  let answers: Buffer[] = [];
  // A server sends a TLS record for each message: each of them written by itself costs a third more.
  const passOn = () => {
    client.write(answers.length === 1 ? answers[0]! : Buffer.concat(answers));
    answers = [];
  };
  // Node's own types do not have `onread` for TLS, which its documentation has.
  const onread: OnReadOpts = {
    buffer: received,
    callback: (count) => {
      if (answers.push(Buffer.from(received.subarray(0, count))) === 1) setImmediate(passOn);
      return true;
    },
  };
  const options: ConnectionOptions & { onread: OnReadOpts } = {
    ...{ host: "127.0.0.1", port: Number(port), secureContext },
    onread,
  };
  const server = connect(options);
  server.setNoDelay(true);
  client.on("data", (chunk) => server.write(chunk));
  for (const [socket, other] of [[client, server] as const, [server, client] as const]) {
    socket.on("error", () => socket.destroy());
    socket.on("close", () => other.destroy());
  }
}

const listener = createServer({ noDelay: true }, relay);
listener.listen(0, "127.0.0.1", () => console.log(JSON.stringify(listener.address())));

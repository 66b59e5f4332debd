/** The administrator's side of the control socket: what `espalier proxy status` and the others ask through. */
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { ControlRequest } from "./protocol.ts";

export type ControlMessage = Readonly<Record<string, unknown>>;

/** No proxy could be asked, or it refused; the message is a sentence for whoever asked. */
export class ControlError extends Error {
  override readonly name = "ControlError";
}

/** The members of the answer. @throws ControlError */
export async function askProxy(path: string, request: ControlRequest): Promise<ControlMessage> {
  const messages = openConversation(path, request);
  for await (const message of messages) return message;
  throw new ControlError("The proxy ended before it answered.");
}

/** What a tap sees, until the proxy ends, `signal` is aborted, or the caller leaves the loop. @throws ControlError */
export async function* tapProxy(
  path: string,
  request: ControlRequest,
  signal?: AbortSignal,
): AsyncGenerator<ControlMessage, void> {
  const messages = openConversation(path, request, signal);
  const { done } = await messages.next();
  if (!done) yield* messages;
}

/** The answer, then whatever follows it. */
async function* openConversation(
  path: string,
  request: ControlRequest,
  signal?: AbortSignal,
): AsyncGenerator<ControlMessage, void> {
  const socket = await connect(path);
  const end = () => socket.destroy();
  signal?.addEventListener("abort", end, { once: true });
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    const lines = createInterface({ input: socket });
    // readline itself takes note of an end only, and a socket that is destroyed has none.
    socket.on("close", () => lines.close());
    for await (const line of lines) {
      const message = JSON.parse(line) as ControlMessage;
      if (message.ok === false) throw new ControlError(String(message.error));
      yield message;
    }
  } finally {
    signal?.removeEventListener("abort", end);
    socket.destroy();
  }
}

async function connect(path: string): Promise<Socket> {
  const socket = createConnection({ path });
  try {
    await once(socket, "connect");
  } catch (error) {
    throw new ControlError(reasonOf((error as NodeJS.ErrnoException).code, path));
  }
  // Its end is the end of the lines.
  socket.on("error", () => {});
  return socket;
}

function reasonOf(code: string | undefined, path: string): string {
  if (code === "EACCES") return `This user may not use ${path}: run it as the user that the proxy runs as.`;
  return `No proxy answers on ${path} (${code}): start one, or name the socket of proxy.control with --socket or -c.`;
}

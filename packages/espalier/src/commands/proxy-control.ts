/** `espalier proxy status` and the others: asks a running proxy over its control socket, and shows what it says. */
import { open } from "node:fs/promises";
import {
  askProxy,
  ControlError,
  type ControlMessage,
  type ControlRequest,
  formatHygiene,
  formatStatus,
  formatTapRecord,
  type HygieneRow,
  isSound,
  type ProxyStatus,
  type TapRecord,
  tapProxy,
} from "@espalier/proxy";
import { exitCode } from "../exit-code.ts";

export interface Output {
  write(text: string): unknown;
}

/** Exit code 1 when a backend that should be up is not. @throws ControlError */
export async function showStatus(socket: string, asJson: boolean, out: Output): Promise<number> {
  const status = (await askProxy(socket, { command: "status" })).status as ProxyStatus;
  out.write(asJson ? json(status) : formatStatus(status, new Date()));
  return isSound(status) ? exitCode.ok : exitCode.findings;
}

/** For requests that are answered with a sentence. @throws ControlError */
export async function showAnswer(socket: string, request: ControlRequest, out: Output): Promise<number> {
  const { message } = await askProxy(socket, request);
  out.write(`${String(message)}\n`);
  return exitCode.ok;
}

/** @throws ControlError */
export async function showHygiene(socket: string, asJson: boolean, out: Output): Promise<number> {
  const rows = (await askProxy(socket, { command: "hygiene" })).hygiene as readonly HygieneRow[];
  out.write(asJson ? json(rows) : formatHygiene(rows));
  return exitCode.ok;
}

export interface TapOptions {
  readonly json: boolean;
  /** Where to write a capture file, which must not be there. */
  readonly pcapng: string | undefined;
}

/** Until the proxy ends, or an interrupt. @throws ControlError */
export async function showTap(socket: string, options: TapOptions, out: Output): Promise<number> {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    if (options.pcapng === undefined) await printMessages(socket, options.json, out, interrupted.signal);
    else await writeCapture(socket, options.pcapng, out, interrupted.signal);
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
  return exitCode.ok;
}

async function printMessages(socket: string, asJson: boolean, out: Output, signal: AbortSignal): Promise<void> {
  for await (const piece of tapProxy(socket, { command: "tap", form: "messages" }, signal)) {
    if (piece.message === undefined) process.stderr.write(lossOf(piece));
    else out.write(`${asJson ? JSON.stringify(piece.message) : formatTapRecord(piece.message as TapRecord)}\n`);
  }
}

/** Decrypted traffic, be it without passwords: for nobody else to read. */
async function writeCapture(socket: string, path: string, out: Output, signal: AbortSignal): Promise<void> {
  const pieces = tapProxy(socket, { command: "tap", form: "pcapng" }, signal);
  const file = await open(path, "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new ControlError(`${path} cannot be made (${error.code}): name a new file in a folder that you may write.`);
  });
  try {
    for await (const piece of pieces) {
      if (typeof piece.pcapng === "string") await file.appendFile(Buffer.from(piece.pcapng, "base64"));
      else process.stderr.write(lossOf(piece));
    }
    out.write(`Written to ${path}: wireshark ${path}\n`);
  } finally {
    await file.close();
  }
}

function lossOf({ dropped }: ControlMessage): string {
  return `${String(dropped)} pieces were lost: they came faster than they could be taken.\n`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
